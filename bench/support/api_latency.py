"""Latencies of lists and searches over a large archive: address, user, password, user with few projects, its password, requests per case, sessions."""
import hashlib
import http.client
import random
import sys
import time
import urllib.parse

address, admin, admin_password, member, member_password, count, sessions = sys.argv[1:8]
count, sessions = int(count), int(sessions)
random.seed(7)
host = urllib.parse.urlparse(address).netloc
XDAT = 'xmlns:xdat="http://nrg.wustl.edu/security"'


class Client:
    def __init__(self, user, password):
        import base64
        self.connection = http.client.HTTPConnection(host)
        self.headers = {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
        session = self.send("GET", "/data/JSESSION", None)[1].decode()
        self.headers = {"Cookie": f"JSESSIONID={session}"}

    def send(self, method, path, body):
        self.connection.request(method, path, body, self.headers)
        response = self.connection.getresponse()
        return response.status, response.read()


def label(e):
    return "SES" + hashlib.md5(str(e * 7).encode()).hexdigest()[:12]


def session():
    return random.randrange(sessions)


def bundle(root, fields, criteria, sort):
    return (f'<xdat:bundle {XDAT}><xdat:root_element_name>{root}</xdat:root_element_name>'
            + "".join(f"<xdat:search_field><xdat:element_name>{t}</xdat:element_name><xdat:field_ID>{f}</xdat:field_ID></xdat:search_field>" for t, f in fields)
            + '<xdat:search_where method="AND">'
            + "".join(f"<xdat:criteria><xdat:schema_field>{f}</xdat:schema_field><xdat:comparison_type>{c}</xdat:comparison_type><xdat:value>{v}</xdat:value></xdat:criteria>" for f, c, v in criteria)
            + f"</xdat:search_where><xdat:sort_by><xdat:element_name>{root}</xdat:element_name><xdat:field_ID>{sort}</xdat:field_ID></xdat:sort_by></xdat:bundle>")


def page():
    return f"limit=50&offset={random.choice([0, 0, 0, 50, 200])}"


def day():
    return f"{random.randrange(2010, 2025)}-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}"


def mr_search():
    return bundle("xnat:mrSessionData", [("xnat:mrSessionData", f) for f in ("LABEL", "PROJECT", "DATE", "SUBJECT_LABEL", "SCANNER")],
                  [("xnat:mrSessionData/SCANNER", "=", random.choice(["PRISMA", "SIGNA"])), ("xnat:mrSessionData/DATE", "BETWEEN", " AND ".join(sorted([day(), day()])))], "DATE")


def subject_search():
    start = day()
    return bundle("xnat:subjectData", [("xnat:subjectData", "SUBJECT_LABEL"), ("xnat:subjectData", "GENDER_TEXT"), ("xnat:mrSessionData", "LABEL"), ("xnat:mrSessionData", "DATE")],
                  [("xnat:subjectData/PROJECT", "=", f"BENCH{random.randrange(1, 4)}"), ("xnat:mrSessionData/DATE", ">", start)], "SUBJECT_LABEL")


def quick():
    e = session()
    start = random.randrange(0, 6)
    return "/data/search?text=" + random.choice([label(e), label(e)[start:start + random.randrange(4, 9)], f"ACC{e * 13}", f"2.25.{e}", f"BEN_E{e:07}", "SES", "bench", "SUB" + hashlib.md5(str(e // 4).encode()).hexdigest()[:6]])


COLUMNS = "columns=ID,label,project,date,subject_label,xsiType"
CASES = [
    ("project, by type, sorted by date", "list", "GET", lambda: f"/data/projects/BENCH{random.randrange(1, 4)}/experiments?xsiType=xnat:mrSessionData&{COLUMNS}&sortBy=date&{page()}", None),
    ("all, type and range of dates, sorted by date", "list", "GET", lambda: f"/data/experiments?xsiType=xnat:mrSessionData&date={day()}-{random.randrange(2025, 2027)}-01-01&{COLUMNS}&sortBy=date&{page()}", None),
    ("all, label like *abc*, sorted by label", "list", "GET", lambda: f"/data/experiments?label=*{label(session())[3:8]}*&{COLUMNS}&sortBy=label&{page()}", None),
    ("all, scanner, sorted by date, descending", "list", "GET", lambda: f"/data/experiments?xsiType=xnat:mrSessionData&scanner={random.choice(['SIGNA', 'PRISMA'])}&{COLUMNS}&sortBy=date&sortOrder=DESC&{page()}", None),
    ("all, accession number", "list", "GET", lambda: f"/data/experiments?dcmAccessionNumber=ACC{session() * 13}&{COLUMNS}&sortBy=date&{page()}", None),
    ("subjects, gender, sorted by label", "list", "GET", lambda: f"/data/subjects?gender=male&columns=ID,label,project,gender&sortBy=label&{page()}", None),
    ("search: scanner and dates, with total", "search", "POST", lambda: f"/data/search?format=json&{page()}", mr_search),
    ("search: subjects of a project with MR since", "search", "POST", lambda: f"/data/search?format=json&{page()}", subject_search),
    ("quick search", "quick", "GET", quick, None),
]
print("| request | user | p50 (ms) | p95 (ms) | longest (ms) |")
print("|---|---|---|---|---|")
slow = {}
for who, client in (("all data", Client(admin, admin_password)), ("three projects", Client(member, member_password))):
    for name, kind, method, path, body in CASES:
        times = []
        for i in range(count + 5):
            address_, content = path(), body() if body else None
            begin = time.perf_counter()
            status, answer = client.send(method, address_, content)
            spent = (time.perf_counter() - begin) * 1000
            assert status == 200, (status, address_, answer[:300])
            if i >= 5:
                times.append(spent)
        times.sort()
        print(f"| {name} | {who} | {times[len(times) // 2]:.1f} | {times[int(len(times) * 0.95)]:.1f} | {times[-1]:.1f} |", flush=True)
        slow.setdefault(kind, []).append(times[int(len(times) * 0.95)])
print()
print(f"highest p95: lists {max(slow['list']):.1f} ms (aim 50), quick search {max(slow['quick']):.1f} ms (aim 200), searches by document {max(slow['search']):.1f} ms")
