# exposured as a container: one static binary in an empty image.
#
#   docker build --tag exposured .
#
# BUILD_IMAGE is the only image that is pulled. Pin it by digest for builds that never change:
#   --build-arg BUILD_IMAGE=docker.io/library/rust@sha256:…
ARG BUILD_IMAGE=docker.io/library/rust:1.95.0-slim-bookworm

# checkov:skip=CKV_DOCKER_7: the tag is in BUILD_IMAGE
FROM ${BUILD_IMAGE} AS build

# Records the dependencies in the binary, where scanners of vulnerabilities find them.
ARG CARGO_AUDITABLE_VERSION=0.7.7
RUN --mount=type=cache,id=exposured-registry,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=exposured-tools,target=/tmp/tools,sharing=locked \
    CARGO_TARGET_DIR=/tmp/tools cargo install --locked "cargo-auditable@${CARGO_AUDITABLE_VERSION}"

WORKDIR /src
COPY . .

# Static, so that the final image needs no libraries. With an explicit target, the flags do not reach build scripts and
# procedural macros, which cannot be static. `touch`: Cargo compares modification times, and those of a source archive
# can be older than the cached build of another version.
ARG PROFILE=release
RUN --mount=type=cache,id=exposured-registry,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=exposured-target,target=/src/target,sharing=locked \
    target="$(uname -m)-unknown-linux-gnu" && \
    touch src/lib.rs src/main.rs && \
    RUSTFLAGS="-C target-feature=+crt-static" \
    cargo auditable build --locked --profile "${PROFILE}" --bin exposured --target "${target}" && \
    install -D -m 0755 "target/${target}/${PROFILE}/exposured" /rootfs/usr/bin/exposured

# One folder with fixed times becomes one layer, which is the same for each build of a commit.
ARG SOURCE_DATE_EPOCH=0
RUN install -D -m 0644 /etc/ssl/certs/ca-certificates.crt /rootfs/etc/ssl/certs/ca-certificates.crt && \
    install -d -m 1777 /rootfs/tmp && \
    echo "exposured:x:65532:65532:exposured:/:/sbin/nologin" > /rootfs/etc/passwd && \
    echo "exposured:x:65532:" > /rootfs/etc/group && \
    find /rootfs -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH}" {} +

# Only the binary: docker build --target binary --output type=local,dest=DIRECTORY .
FROM scratch AS binary
COPY --from=build /rootfs/usr/bin/exposured /

FROM scratch
ARG REVISION=unknown
LABEL org.opencontainers.image.title="exposured" \
      org.opencontainers.image.description="Tells a cloud security team which AWS resource to fix first, and why" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/exposured/exposured" \
      org.opencontainers.image.documentation="https://github.com/exposured/exposured/tree/main/deploy" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /rootfs/ /
USER 65532:65532
STOPSIGNAL SIGTERM
# ECS ignores this health check; the task definition has the same one.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["/usr/bin/exposured", "health"]
ENTRYPOINT ["/usr/bin/exposured"]
CMD ["run"]
