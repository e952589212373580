"""Searches with pyxnat against a running server, as its own tests and documentation do them; the server's address is the only argument."""
import sys

import pyxnat
from pyxnat.core.jsonutil import JsonTable

NAME = sys.argv[2] if len(sys.argv) > 2 else "PYXS"
interface = pyxnat.Interface(server=sys.argv[1], user="admin", password="admin-password", verify=False)
project = interface.select.project(NAME)
project.create()
for number, (scanner, strength, gender) in enumerate([("GE SIGNA", "3.0", "female"), ("GE DISCOVERY", "1.5", "male"), ("SIEMENS PRISMA", "3.0", "male")], 1):
    subject = project.subject(f"S{number}")
    subject.create()
    subject.attrs.set("gender", gender)
    subject.attrs.set("dob", f"198{number}-05-06")
    session = subject.experiment(f"MR{number}")
    session.create(experiments="xnat:mrSessionData")
    session.attrs.mset({"xnat:mrSessionData/scanner": scanner, "xnat:mrSessionData/fieldStrength": strength, "xnat:mrSessionData/date": f"2024-0{number}-10"})
    session.scan("1").create(scans="xnat:mrScanData")
    session.scan("1").attrs.set("type", "T1")

# inspect
types = interface.inspect.datatypes()
assert "xnat:subjectData" in types and "xnat:mrSessionData" in types and "xnat:projectData" in types
assert "xnat:subjectData/DOB" in interface.inspect.datatypes("xnat:subjectData")
assert "xnat:subjectData/DOB" in interface.inspect.datatypes("xnat:subjectData", "*")
assert interface.inspect.datatypes("xnat:mrSessionData", "SCANNER") == ["xnat:mrSessionData/SCANNER"]
ids = [project.subject(f"S{n}").id() for n in (1, 2, 3)]
assert set(ids) <= set(interface.inspect.field_values("xnat:subjectData/SUBJECT_ID"))
assert project.experiment("MR1").id() in interface.inspect.experiment_values("xnat:mrSessionData", NAME)
assert interface.inspect.scan_values("xnat:mrSessionData", NAME) == ["1"]

# select … where
every = interface.inspect.datatypes("xnat:mrSessionData")
table = interface.select("xnat:mrSessionData", every).where([("xnat:mrSessionData/SCANNER", "LIKE", "*GE*"), "AND"])
assert isinstance(table, JsonTable) and len(table) >= 2
columns = ["xnat:mrSessionData/LABEL", "xnat:mrSessionData/SCANNER"]
in_project = ("xnat:mrSessionData/PROJECT", "=", NAME)


def labels(constraints, column="label"):
    return sorted(row[column] for row in interface.select("xnat:mrSessionData", columns).where(constraints))


assert labels([in_project, "AND"]) == ["MR1", "MR2", "MR3"]
assert labels([in_project, ("xnat:mrSessionData/SCANNER", "LIKE", "GE%"), ("xnat:mrSessionData/FIELDSTRENGTH", ">", "2"), "AND"]) == ["MR1"]
assert labels([in_project, [("xnat:mrSessionData/SCANNER", "LIKE", "%PRISMA"), ("xnat:mrSessionData/DATE", "<=", "2024-01-31"), "OR"], "AND"]) == ["MR1", "MR3"]
assert labels([in_project, ("xnat:subjectData/GENDER", "=", "male"), "AND"]) == ["MR2", "MR3"]
assert labels(f"xnat:mrSessionData/PROJECT = {NAME} xnat:mrSessionData/LABEL = MR2 AND") == ["MR2"]
rows = interface.select("xnat:subjectData", ["xnat:subjectData/SUBJECT_LABEL", "xnat:subjectData/PROJECT", "xnat:mrSessionData/SCANNER"]).where(
    [("xnat:subjectData/PROJECT", "=", NAME), ("xnat:mrSessionData/FIELDSTRENGTH", "=", "3.0"), "AND"])
assert sorted((r["subject_label"], r["xnat_mrsessiondata_scanner"]) for r in rows) == [("S1", "GE SIGNA"), ("S3", "SIEMENS PRISMA")], rows
assert len(interface.select("xnat:subjectData", ["xnat:subjectData/SUBJECT_ID"]).all()) >= 3
found = interface.select("//subjects").where([("xnat:mrSessionData/SCANNER", "LIKE", "%GE%"), ("xnat:subjectData/GENDER", "=", "male"), "AND"])
found = [s.id() for s in found]
assert ids[1] in found and ids[0] not in found and ids[2] not in found

# array
assert sorted(r["ID"] for r in interface.array.mrsessions(project_id=NAME)) == sorted(project.experiment(f"MR{n}").id() for n in (1, 2, 3))
assert [r["subject_ID"] for r in interface.array.experiments(project_id=NAME, subject_label="S2")] == [ids[1]]
assert [r["xnat:mrscandata/id"] for r in interface.array.mrscans(project_id=NAME, experiment_label="MR3")] == ["1"]
array = interface.array.search_experiments(
    project_id=NAME, experiment_type="xnat:mrSessionData", columns=["xnat:mrSessionData/LABEL"], constraints=[("xnat:mrSessionData/SCANNER", "LIKE", "%SIEMENS%")])
assert [r["label"] for r in array] == ["MR3"]

# saved searches
constraints = [in_project, ("xnat:mrSessionData/SCANNER", "LIKE", "*GE*"), "AND"]
interface.manage.search.save("ge", "xnat:mrSessionData", columns, constraints, sharing="private", description="by 100% GE")
assert "ge" in interface.manage.search.saved()
assert ("ge", "by 100% GE") in interface.manage.search.saved(with_description=True)
assert sorted(r["label"] for r in interface.manage.search.get("ge")) == ["MR1", "MR2"]
query = interface.manage.search.get("ge", "query")
assert query["row"] == "xnat:mrSessionData" and query["columns"] == columns and query["users"] == ["admin"], query
assert sorted(query["constraints"][:-1]) == sorted([in_project, ("xnat:mrSessionData/SCANNER", "LIKE", "%GE%")]), query
assert sorted(r["label"] for r in interface.select("xnat:mrSessionData", columns).where(query="ge")) == ["MR1", "MR2"]
interface.manage.search.delete("ge")
assert "ge" not in interface.manage.search.saved()
interface.manage.search.save_template("scanner", "xnat:mrSessionData", columns, [("xnat:mrSessionData/SCANNER", "LIKE", "scanner"), "AND"])
assert "scanner" in interface.manage.search.saved_templates()
interface.manage.search.delete_template("scanner")
assert "scanner" not in interface.manage.search.saved_templates()

# what is wrong is said, not ignored
for bad in ("xnat:mrSessionData/NO_SUCH_FIELD", "xnat:noSuchData/ID"):
    try:
        interface.select("xnat:mrSessionData", columns).where([(bad, "=", "1"), "AND"])
    except Exception:  # pyxnat stumbles over the error page itself; that it stops is what counts
        continue
    raise SystemExit(f"{bad} was taken")
project.delete()
print("SEARCH OK")
