"""The floor of upload-testflight: its requests, and the parts one after the other, without checks or retries.

python upload.py FILE
"""

import http.client
import json
import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import jwt

NUMBER = {"cfBundleShortVersionString": "9.0", "cfBundleVersion": "1", "platform": "IOS"}


def token(key):
    now = int(time.time())
    claims = {"iss": key["issuer_id"], "iat": now, "exp": now + 600, "aud": "appstoreconnect-v1"}
    return jwt.encode(claims, key["key"], algorithm="ES256", headers={"kid": key["key_id"]})


def send(method, path, data):
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    connection.request(method, path, json.dumps({"data": data}), headers)
    answer = json.load(connection.getresponse())
    return answer["data"]


def made(kind, attributes, relation, target, identifier):
    relationships = {relation: {"data": {"type": target, "id": identifier}}}
    return send(
        "POST", f"/v1/{kind}", {"type": kind, "attributes": attributes, "relationships": relationships}
    )


path = Path(sys.argv[1])
bearer = token(json.loads(Path(os.environ["ASC_API_KEY_PATH"]).read_text()))
connection = http.client.HTTPConnection(os.environ["ASC_API_URL"].removeprefix("http://"))
upload = made("buildUploads", NUMBER, "app", "apps", "1000000001")["id"]
about = {"assetType": "ASSET", "fileName": path.name, "fileSize": path.stat().st_size, "uti": "com.apple.ipa"}
file = made("buildUploadFiles", about, "buildUpload", "buildUploads", upload)
with path.open("rb") as source:
    for part in file["attributes"]["uploadOperations"]:
        source.seek(part["offset"])
        headers = {header["name"]: header["value"] for header in part["requestHeaders"]}
        url = urlsplit(part["url"])
        connection.request(part["method"], f"{url.path}?{url.query}", source.read(part["length"]), headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
send(
    "PATCH",
    f"/v1/buildUploadFiles/{file['id']}",
    {**{name: file[name] for name in ("type", "id")}, "attributes": {"uploaded": True}},
)
