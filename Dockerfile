# One image for all of Hubbub's processes; deploy/image/hubbub lists them.
#
#   docker build --tag hubbub .
#
# It contains the static files, runs as an unnamed user, and writes to /tmp only.

FROM python:3.13-slim AS base
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/srv/hubbub/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp
WORKDIR /srv/hubbub

FROM base AS libraries
COPY requirements.txt ./
RUN python3 -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --requirement requirements.txt

# The files for the images. Any user may read them, whatever umask the repository was cloned with.
FROM base AS files
COPY app app
COPY deploy/gunicorn.conf.py deploy/gunicorn.conf.py
COPY deploy/image deploy/image
COPY loadtests loadtests
COPY scripts scripts
# `docker build --build-arg REVISION=$(git rev-parse HEAD)`: the git revision, a part of the version.
ARG REVISION=""
RUN if [ -n "$REVISION" ]; then printf '%s\n' "$REVISION" > app/hubbub/REVISION; fi \
    && chmod -R a+rX .

FROM libraries AS build
COPY --from=files /srv/hubbub/app app
# DATABASE_URL, to which nothing connects, makes this a deployment, whose static files are compressed.
# Byte code with unchecked hashes does not depend on file times, so every build gives the same.
RUN DATABASE_URL=postgres://nobody@nowhere/none python app/manage.py collectstatic --no-input --verbosity=0 \
    && python -m compileall -q --invalidation-mode unchecked-hash app

# `docker build --target load`: Locust's simulated users, for an existing deployment.
FROM libraries AS libraries-load
COPY requirements-dev.txt ./
RUN pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --constraint requirements-dev.txt hdrhistogram locust matplotlib psutil

FROM base AS load
COPY --from=libraries-load /opt/venv /opt/venv
COPY --from=files /srv/hubbub/app app
COPY --from=files /srv/hubbub/scripts scripts
COPY --from=files /srv/hubbub/loadtests loadtests
RUN install -d -o 10001 -g 10001 /load
USER 10001:10001
ENTRYPOINT ["python", "-m", "loadtests.load"]
CMD ["--help"]

FROM base AS hubbub
LABEL org.opencontainers.image.title="Hubbub" \
    org.opencontainers.image.description="Team chat that scales by adding replicas" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.version="0.2.0"
COPY --from=libraries /opt/venv /opt/venv
COPY --from=files /srv/hubbub/deploy/gunicorn.conf.py deploy/gunicorn.conf.py
COPY --from=files /srv/hubbub/deploy/image/healthy.py /srv/hubbub/deploy/image/make_secrets.py deploy/image/
COPY --from=files /srv/hubbub/deploy/image/hubbub /usr/local/bin/hubbub
COPY --from=build /srv/hubbub/staticfiles staticfiles
COPY --from=build /srv/hubbub/app app
# Listen on all interfaces: what can reach the port depends on how it is published.
ENV BIND=0.0.0.0 \
    PORT=8000
EXPOSE 8000
USER 10001:10001
ENTRYPOINT ["hubbub"]
CMD ["help"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["hubbub", "healthy"]
