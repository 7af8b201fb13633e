# Build: everything comes from the lock, the build backend too.
FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements/build.txt requirements/run.txt requirements/
RUN python -m venv /opt/tminus \
    && /opt/tminus/bin/pip install --require-hashes -r requirements/run.txt \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY connectors connectors
COPY service service
COPY templates templates
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/tminus/bin/pip install --no-deps dist/*.whl


FROM python:3.12-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/tminus tminus
COPY --from=build /opt/tminus /opt/tminus
ENV PATH=/opt/tminus/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER tminus
# tminus.yaml is read from here, and the SQLite file is kept here.
WORKDIR /var/lib/tminus
VOLUME /var/lib/tminus
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["tminus"]
CMD ["serve"]
