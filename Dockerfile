# Two images in one file:
#   runtime  the locked Python packages and git, without our code: bin/run mounts the checkout into it
#   (last)   runtime plus the code: the action.yml of the repository's root, a Docker action, builds this one
# The runner and act may build with the classic builder, so there is no RUN --mount.
ARG BASE=python:3.12-slim-bookworm

FROM ${BASE} AS packages
# bin/run names another lock where a storage of sync-signing needs more packages.
ARG LOCK=requirements.lock
COPY ${LOCK} /requirements.lock
# The same virtual environment that bin/run makes on a machine without Docker.
RUN python3 -I -m venv --without-pip /opt/asc \
 && python3 -I -m pip --python /opt/asc/bin/python --disable-pip-version-check --no-input install --quiet \
      --no-cache-dir --no-deps --require-hashes --only-binary :all: --requirement /requirements.lock

FROM ${BASE} AS runtime
# sync-signing keeps its files in a git repository, reached over https or ssh. Most of what git brings is perl,
# documentation and translations, for parts of it that nothing here calls.
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends git openssh-client >/dev/null \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/* /usr/share/doc /usr/share/man /usr/share/locale /usr/share/perl \
      /usr/lib/*/perl /usr/lib/*/libperl.so* /usr/lib/git-core/git-daemon /usr/lib/git-core/git-imap-send
COPY --from=packages /opt/asc /opt/asc
ENV PATH=/opt/asc/bin:$PATH
# The official images carry no compiled standard library, and steps run as a user who cannot write one: without
# this line each step would compile anew what it imports (0.9 s). The second line is what Google's library imports.
RUN python -I -c "import argparse, concurrent.futures, email.utils, glob, plistlib, random, shutil, subprocess, \
      asyncio, email.mime.multipart, numbers, pickle, platform, secrets, uuid, \
      tempfile, textwrap, xml.etree.ElementTree, zipfile, jwt, requests, yaml; \
      from cryptography import x509; \
      from cryptography.hazmat.primitives.asymmetric import ec, rsa; \
      from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12"

FROM runtime
COPY entrypoint.py /app/
COPY src/app_store_connect_actions.py /app/src/
COPY src/asc /app/src/asc
COPY src/asc_relay /app/src/asc_relay
RUN python -I -m compileall -q /app \
 && install -d -m 1777 /data # where the relay remembers events; a volume gets these rights
ENTRYPOINT ["python", "-I", "-u", "-X", "utf8", "/app/entrypoint.py"]
