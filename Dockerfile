# An image with the commands checkpoints and remediation, for any contract: see docs/installing.md.
FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /source
RUN python -m venv /venv
COPY requirements.txt requirements.lock ./
RUN /venv/bin/pip install --constraint requirements.lock -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY checkpoints checkpoints
COPY remediation remediation
# What installs is not needed later, nor are the tests of libraries, a sixth of all.
RUN /venv/bin/pip install --no-deps . && \
    /venv/bin/pip uninstall --yes pip && \
    find /venv -type d -name tests -prune -exec rm -rf {} +

FROM python:3.13-slim
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /tmp checkpoints && \
    install --directory --owner=10001 --group=10001 /state
COPY --from=build /venv /venv
ENV PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin
ENV HOME=/tmp CHECKPOINTS_STATE_DIR=/state PYTHONDONTWRITEBYTECODE=1
WORKDIR /contract
USER 10001:10001
# Python as the first process would not hear SIGTERM.
STOPSIGNAL SIGINT
CMD ["checkpoints", "--help"]
