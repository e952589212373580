"""pyxnat's walk-through against a running server; its address, a second user and that user's password are the arguments."""
import os
import sys
import tempfile
import zipfile

import pyxnat

server, login, password = sys.argv[1:4]
folder = tempfile.mkdtemp()


def written(name, content):
    path = os.path.join(folder, name)
    with open(path, "wb") as target:
        target.write(content)
    return path


# Connect.
interface = pyxnat.Interface(server=server, user="admin", password="admin-password", verify=False)
assert interface.version()["version"], interface.version()
try:
    interface._exec("/data/projects/NONE")
    raise AssertionError("a missing project is no error")
except pyxnat.core.errors.DatabaseError as refused:
    assert "There is no such project" in str(refused)
assert login in interface.manage.users()
assert interface.manage.users.email(login) == login + "@example.org"

# Create: missing parents come into being with their child.
for name in ("PXW", "PXW2"):
    interface.select.project(name).create()
project = interface.select.project("PXW")
assert project.exists() and {"PXW", "PXW2"} <= set(interface.select.projects().get())
scan = project.subject("S1").experiment("E1").scan("1")
scan.create(scans="xnat:mrScanData", **{"xnat:mrScanData/type": "T1"})
subject, session = project.subject("S1"), project.subject("S1").experiment("E1")
assert subject.exists() and session.exists() and scan.exists()
assert subject.label() == "S1" and session.label() == "E1"
assert session.datatype() == "xnat:mrSessionData" and scan.datatype() == "xnat:mrScanData"
chosen = project.subject("S2").experiment("CHOSEN_ID")
chosen.create(experiments="xnat:mrSessionData", use_label=True, **{"xnat:mrSessionData/date": "2020-03-04"})
assert chosen.id() == "CHOSEN_ID", chosen.id()
session.assessor("A1").create(assessors="xnat:qcManualAssessorData")
assert [assessor.label() for assessor in session.assessors()] == ["A1"]
session.reconstruction("R1").create()
assert session.reconstructions().get() == ["R1"]
document = written("subject.xml", b'<xnat:Subject xmlns:xnat="http://nrg.wustl.edu/xnat" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" label="other">'
                   b'<xnat:demographics xsi:type="xnat:demographicData"><xnat:gender>female</xnat:gender></xnat:demographics></xnat:Subject>')
project.subject("S3").create(xml=document)
assert project.subject("S3").attrs.get("gender") == "female"

# Attributes.
subject.attrs.set("gender", "male")
assert subject.attrs.get("gender") == "male"
subject.attrs.mset({"xnat:subjectData/demographics[@xsi:type=xnat:demographicData]/yob": "1970", "xnat:subjectData/group": "control"})
assert subject.attrs.mget(["yob", "group"]) == ["1970", "control"], subject.attrs.mget(["yob", "group"])
scan.attrs.set("quality", "usable")
assert scan.attrs.get("quality") == "usable"
session.attrs.set("xnat:mrSessionData/fields/field[name=cohort]/field", "A")
assert session.attrs.get("xnat:mrSessionData/fields/field[name=cohort]/field") == "A"
assert subject.xpath("//xnat:gender/text()") == ["male"]

# Upload: one file, a zip, several files; what is there already stays.
resource = scan.resource("NOTES")
resource.file("a.txt").put(written("a.txt", b"hello archive"), format="TXT", content="note", tags="t")
assert resource.exists() and [r.label() for r in scan.resources()] == ["NOTES"]
remote = resource.file("a.txt")
assert int(remote.size()) == 13 and remote.content() == "note" and remote.format() == "TXT" and remote.labels() == "t"
assert remote.last_modified()
with zipfile.ZipFile(os.path.join(folder, "pair.zip"), "w") as pair:
    pair.writestr("inner/b.txt", b"b")
    pair.writestr("c.txt", b"c")
project.resource("PAIR").put_zip(os.path.join(folder, "pair.zip"), extract=True)
assert sorted(os.path.basename(name) for name in project.resource("PAIR").files().get()) == ["b.txt", "c.txt"]
subject.resource("SEVERAL").put([written("d.txt", b"d"), written("e.txt", b"e")], extract=True)
assert sorted(os.path.basename(name) for name in subject.resource("SEVERAL").files().get()) == ["d.txt", "e.txt"]

# Files of assessors and reconstructions, of what goes in and what comes out.
for part in (session.assessor("A1"), session.reconstruction("R1")):
    part.out_resource("OUT").file("o.txt").put(written("o.txt", b"out"))
    part.in_resource("IN").file("i.txt").put(written("i.txt", b"in"))
    assert [r.label() for r in part.out_resources()] == ["OUT"] and [r.label() for r in part.in_resources()] == ["IN"]
    assert open(part.out_resource("OUT").file("o.txt").get(os.path.join(folder, "o-got.txt"))).read() == "out"
    assert not part.out_resource("OUT").file("i.txt").exists()

# Tabulate.
assert sorted(s.label() for s in interface.select("/projects/PXW/subjects/*")) == ["S1", "S2", "S3"]
rows = interface.array.experiments(project_id="PXW", subject_label="S1", experiment_type="xnat:mrSessionData").data
assert [(row["ID"], row["project"], row["xnat:mrsessiondata/subject_id"]) for row in rows] == [(session.id(), "PXW", subject.id())], rows
rows = interface.array.experiments(project_id="PXW", experiment_label="E1").data
assert [(row["ID"], row["project"], row["subject_ID"]) for row in rows] == [(session.id(), "PXW", subject.id())], rows
rows = interface.array.experiments(project_id="PXW").data
assert {row["ID"] for row in rows} >= {session.id(), "CHOSEN_ID"}, rows
rows = interface.array.mrsessions(project_id="PXW", constraints={"xnat:mrSessionData/date": "2020-03-04"}).data
assert [row["ID"] for row in rows] == ["CHOSEN_ID"] and rows[0]["xnat:mrsessiondata/date"] == "2020-03-04", rows
rows = interface.array.mrsessions(project_id="PX*", experiment_label="E*").data
assert [row["ID"] for row in rows] == [session.id()], rows
rows = interface.array.scans(project_id="PXW").data
assert [row["xnat:imagescandata/id"] for row in rows] == ["1"], rows
rows = interface.array.mrscans(project_id="PXW").data
assert [row["xnat:mrscandata/id"] for row in rows] == ["1"], rows

# Share.
subject.share("PXW2", label="guest")
assert sorted(subject.shares().get()) == ["PXW", "PXW2"], subject.shares().get()
assert interface.select.project("PXW2").subject("guest").exists()
session.share("PXW2")
assert interface.select.project("PXW2").subject("guest").experiment("E1").exists()
session.unshare("PXW2")
subject.unshare("PXW2")
assert subject.shares().get() == ["PXW"]

# Members and settings.
project.add_user(login, "member")
assert project.user_role(login) == "member" and login in project.members() and login in project.users()
other = pyxnat.Interface(server=server, user=login, password=password, verify=False)
assert other.select.project("PXW").subject("S1").exists()
project.remove_user(login)
assert login not in project.users()
assert not other.select.project("PXW").exists()
other.disconnect()
assert project.accessibility() == b"private"
project.set_accessibility("public")
assert project.accessibility() == b"public"
project.set_prearchive_code("0")
assert int(project.prearchive_code()) == 0
assert interface.manage.prearchive.get() == []
assert project.aliases() == []
session.trigger(pipelines=True, fix_types=True, scan_headers=True)

# Download.
assert open(remote.get(os.path.join(folder, "got.txt"))).read() == "hello archive"
got = resource.get(folder, extract=False)
with zipfile.ZipFile(got) as packed:
    assert [os.path.basename(name) for name in packed.namelist()] == ["a.txt"], packed.namelist()
extracted = project.resource("PAIR").get(folder, extract=True)
assert sorted(os.path.basename(path) for path in extracted) == ["b.txt", "c.txt"], extracted

# Delete.
remote.delete()
assert not remote.exists()
resource.delete()
assert not resource.exists()
scan.delete()
session.delete()
subject.delete()
assert not scan.exists() and not session.exists() and not subject.exists()
for name in ("PXW", "PXW2"):
    interface.select.project(name).delete()
assert not project.exists()
interface.disconnect()
print("WALK-THROUGH OK")
