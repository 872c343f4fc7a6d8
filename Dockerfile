# One image for the API, the worker and the seed:
#   docker build -t shop-recommender .
#   docker run shop-recommender                    the API
#   docker run shop-recommender workers retrain    a command of the worker
# BASE may be any Debian with Python 3.11 or newer as python3, with venv and headers.
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS builder
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
# LightFM is compiled here, and must run on other processors than this one.
ENV LIGHTFM_NO_CFLAGS=1
COPY requirements.lock /build/
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check \
       --require-hashes --requirement /build/requirements.lock

FROM ${BASE}
# LightFM's threads.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin shop \
    && install --directory --owner shop /data
COPY --from=builder /opt/venv /opt/venv
WORKDIR /app
COPY LICENSE README.md pyproject.toml ./
COPY graphql_api graphql_api
COPY recommender recommender
COPY workers workers
COPY seed seed
RUN /opt/venv/bin/python -m compileall -q graphql_api recommender workers seed
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data \
    LOG_FORMAT=json
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthy', timeout=2)"]
ENTRYPOINT ["python", "-m"]
CMD ["graphql_api"]
