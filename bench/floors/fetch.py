"""The floor of fetch-build-number: one token, and its requests one after the other."""

import http.client
import json
import os
import time
from pathlib import Path

import jwt

BUILDS = "fields[builds]=version,uploadedDate,processingState,preReleaseVersion&include=preReleaseVersion"
UPLOADS = "fields[buildUploads]=cfBundleVersion,cfBundleShortVersionString,platform,state,uploadedDate"


def token(key):
    now = int(time.time())
    claims = {"iss": key["issuer_id"], "iat": now, "exp": now + 600, "aud": "appstoreconnect-v1"}
    return jwt.encode(claims, key["key"], algorithm="ES256", headers={"kid": key["key_id"]})


def get(connection, bearer, target):
    connection.request("GET", target, headers={"Authorization": f"Bearer {bearer}"})
    return json.load(connection.getresponse())["data"]


key = json.loads(Path(os.environ["ASC_API_KEY_PATH"]).read_text())
bearer = token(key)
connection = http.client.HTTPConnection(os.environ["ASC_API_URL"].removeprefix("http://"))
app = get(connection, bearer, "/v1/apps?filter[bundleId]=com.example.app&fields[apps]=bundleId,name")[0]["id"]
uploads = get(connection, bearer, f"/v1/apps/{app}/buildUploads?limit=200&{UPLOADS}")
builds = get(connection, bearer, f"/v1/builds?limit=200&filter[app]={app}&{BUILDS}")
numbers = [upload["attributes"]["cfBundleVersion"] for upload in uploads]
numbers += [build["attributes"]["version"] for build in builds]
print(max(int(number) for number in numbers if number.isdigit()) + 1)
