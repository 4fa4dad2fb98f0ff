"""The floor of download-dsyms: list the builds of an app and fetch their archives one by one, without checks.

python symbols.py FOLDER
"""

import http.client
import json
import os
import shutil
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import jwt

QUERY = "filter[app]=1000000001&include=buildBundles&fields[buildBundles]=dSYMUrl&fields[builds]=buildBundles&limit=200"


def token(key):
    now = int(time.time())
    claims = {"iss": key["issuer_id"], "iat": now, "exp": now + 600, "aud": "appstoreconnect-v1"}
    return jwt.encode(claims, key["key"], algorithm="ES256", headers={"kid": key["key_id"]})


def get(target, headers):
    connection.request("GET", target, headers=headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.status
    return answer


folder = Path(sys.argv[1])
bearer = {"Authorization": f"Bearer {token(json.loads(Path(os.environ['ASC_API_KEY_PATH']).read_text()))}"}
connection = http.client.HTTPConnection(os.environ["ASC_API_URL"].removeprefix("http://"))
target = f"/v1/builds?{QUERY}"
while target:
    page = json.load(get(target, bearer))
    for bundle in page.get("included", ()):
        link = urlsplit(bundle["attributes"]["dSYMUrl"])
        with (folder / f"{bundle['id']}.zip").open("wb") as file:
            shutil.copyfileobj(get(f"{link.path}?{link.query}", {}), file)
    following = page["links"].get("next")
    target = following and following.removeprefix(os.environ["ASC_API_URL"])
