"""A story with pyxnat against a running server; its address is the only argument."""
import sys
import tempfile

import pyxnat

interface = pyxnat.Interface(server=sys.argv[1], user="admin", password="admin-password", verify=False)
project = interface.select.project("PYX")
project.create()
assert project.exists()
assert "PYX" in interface.select.projects().get()
subject = project.subject("S1")
subject.create()
assert subject.exists() and subject.label() == "S1"
session = subject.experiment("E1")
session.create(experiments="xnat:mrSessionData")
assert session.exists()
scan = session.scan("1")
scan.create(scans="xnat:mrScanData")
assert scan.exists() and session.scans().get() == ["1"]
with tempfile.NamedTemporaryFile(suffix=".txt", delete=False) as source:
    source.write(b"hello archive")
remote = scan.resource("NOTES").file("a.txt")
remote.put(source.name, format="TXT", content="note", tags="t")
assert remote.exists() and int(remote.size()) == 13
assert open(remote.get()).read() == "hello archive"
assert scan.resource("NOTES").files().get() == ["a.txt"]
subject.attrs.set("gender", "male")
assert subject.attrs.get("gender") == "male"
assert [row["ID"] for row in interface.array.experiments(project_id="PYX").data] == [session.id()]
remote.delete()
assert not remote.exists()
project.delete()
assert not project.exists()
print("STORY OK")
