# syntax=docker/dockerfile:1
FROM python:3.12-slim-bookworm
RUN pip install --no-cache-dir "uv>=0.9" && useradd --create-home --uid 10001 santorio \
    && mkdir /data && chown santorio:santorio /data
WORKDIR /app
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 PATH="/app/.venv/bin:$PATH" SANTORIO_HOME=/data PYTHONUNBUFFERED=1
COPY pyproject.toml uv.lock .python-version README.md LICENSE ./
RUN uv sync --frozen --no-dev --no-install-project
COPY . .
# The project is used from here: dbt's files lie beside the packages. Its manifest is parsed now, not at every start.
RUN uv sync --frozen --no-dev && python -c "from santorio.warehouse import ensure_manifest; ensure_manifest()" \
    && chown -R santorio:santorio /app/dbt_project
USER santorio
VOLUME /data
CMD ["santorio", "serve"]
