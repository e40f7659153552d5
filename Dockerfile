# honmono in a container, for the CPU by default:
#   docker build --tag honmono .
#   docker run --rm --user "$(id -u)" --volume "$PWD:/home/honmono/work" honmono train --data my-pictures
# For a GPU (NVIDIA's container toolkit on the host; `docker run --gpus all`):
#   docker build --tag honmono:cuda --build-arg BASE=nvidia/cuda:13.0.1-base-ubuntu24.04 \
#     --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130 .
ARG BASE=python:3.12-slim-bookworm
FROM ${BASE}

# g++ compiles training steps; a base without Python gets Debian's or Ubuntu's, with the headers that Triton needs.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ \
    && if ! command -v python3 >/dev/null; then \
         apt-get install --yes --no-install-recommends python3-dev python3-venv; \
       fi \
    && rm -rf /var/lib/apt/lists/*

# PyTorch first and alone: its layer stays when honmono changes.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY constraints.txt /opt/honmono/
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --constraint /opt/honmono/constraints.txt \
       --extra-index-url "${TORCH_INDEX}" torch

COPY pyproject.toml README.md LICENSE /opt/honmono/
COPY src /opt/honmono/src
RUN /opt/venv/bin/pip install --no-cache-dir --constraint /opt/honmono/constraints.txt "/opt/honmono[video,serve]"

# A home for any user's number, so that `docker run --user "$(id -u)"` writes files of yours.
ENV PATH=/opt/venv/bin:$PATH HOME=/home/honmono LOGNAME=honmono
RUN mkdir -m 1777 /home/honmono /home/honmono/work
USER 1000:1000
WORKDIR /home/honmono/work
ENTRYPOINT ["honmono"]
CMD ["--help"]
