# syntax=docker/dockerfile:1
# A static executable in an image with nothing else: docker build -t sluice .
# Then: docker run -p 127.0.0.1:8011:8011 -v sluice-data:/data sluice

# Alpine's Rust builds for musl, which links statically. The C code in it, SQLite and mimalloc, builds for musl, too.
FROM rust:1.95-alpine AS build
# hadolint ignore=DL3018
RUN apk add --no-cache bash build-base coreutils findutils linux-headers nodejs npm \
    && rustup target add wasm32-unknown-unknown
WORKDIR /source
COPY . .
ENV XDG_CACHE_HOME=/cache
# The caches make the next build of this image quick; what is kept of them is target/sluice.
RUN --mount=type=cache,target=/cache --mount=type=cache,target=/usr/local/cargo/registry \
    ./dev build && mkdir /empty

FROM scratch
COPY --from=build /source/target/sluice /sluice
# Whom to trust, for webhooks to https addresses.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# Its own folder, and one for what SQLite sorts.
COPY --from=build --chown=65532:65532 --chmod=0700 /empty /data
COPY --from=build --chmod=1777 /empty /tmp
# Fails the build if anything is missing in here.
RUN ["/sluice", "--version"]
USER 65532:65532
WORKDIR /data
# Not a loopback address, so requests need an API key: `docker run … sluice keys create` makes one.
ENV SLUICE_ADDR=0.0.0.0:8011 SLUICE_DATA_DIR=/data SLUICE_LOG_FORMAT=json
VOLUME /data
EXPOSE 8011
STOPSIGNAL SIGTERM
# Whether it answers. Whether it should be sent requests is what /readyz says.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["/sluice", "health", "--live"]
ENTRYPOINT ["/sluice"]
