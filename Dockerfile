# syntax=docker/dockerfile:1
# The app for a team. Build: docker build -t recscope .
# With CUDA: docker build -t recscope --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu128 . and run it with --gpus all

FROM python:3.12-slim AS build
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/recscope
ENV PATH=/opt/recscope/bin:$PATH
WORKDIR /src
# Libraries before the code, so that a change of the code does not fetch them again.
COPY requirements.txt requirements-server.txt ./
RUN pip install --index-url "$TORCH_INDEX" "$(grep -o '^torch==[^ ]*' requirements.txt)" \
    && pip install -r requirements.txt -r requirements-server.txt
COPY . .
RUN pip install .

FROM python:3.12-slim
# libgomp: OpenMP, which PyTorch and scikit-learn use
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --home-dir /var/lib/recscope recscope \
    && install -d -o recscope -g recscope /var/lib/recscope
COPY --from=build /opt/recscope /opt/recscope
ENV PATH=/opt/recscope/bin:$PATH \
    RECSYS_HOME=/var/lib/recscope \
    PYTHONUNBUFFERED=1
USER recscope
WORKDIR /var/lib/recscope
VOLUME /var/lib/recscope
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=6s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/api/health', timeout=5)"]
ENTRYPOINT ["recscope"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8501"]
