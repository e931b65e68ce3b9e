# The gateway as an image: runs as `node`, never as root, and writes to /var/lib/factorgate alone, so a read-only root works.
# The configuration must listen on 0.0.0.0 and keep store, keyFile and journal in /var/lib/factorgate (config/examples/compose.yaml does).
#   docker build -t factorgate .        (podman build --format docker -t factorgate . — other formats have no health check)
#   docker run --read-only --cap-drop=ALL --security-opt=no-new-privileges -p 8443:8443 \
#     -v ./factorgate.yaml:/etc/factorgate/factorgate.yaml:ro -v factorgate:/var/lib/factorgate factorgate

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY config config
COPY plugins plugins
COPY src src
# What the program is made of is written down as a bill of materials (CycloneDX) beside it; then the compiler goes, with everything
# else that only developers need.
RUN npm run build \
 && npm sbom --omit=dev --sbom-format=cyclonedx > sbom.cdx.json \
 && npm prune --omit=dev --ignore-scripts

FROM node:24-slim
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Factorgate" \
      org.opencontainers.image.description="A reverse proxy that puts a second factor in front of web apps nobody can change any more" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="docker.io/library/node:24-slim"
# The program starts with `node` alone: what installs packages is of use to nobody but an intruder.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-*
ENV NODE_ENV=production \
    FACTORGATE_CONFIG=/etc/factorgate/factorgate.yaml
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/package.json /app/sbom.cdx.json ./
COPY LICENSE ./
COPY config/reference.md config/factorgate.schema.json config/
RUN install -d -m 0700 -o node -g node /var/lib/factorgate \
 && install -d -m 0755 /etc/factorgate \
 && chmod 0755 dist/src/main.js \
 && ln -s /app/dist/src/main.js /usr/local/bin/factorgate
USER node
VOLUME /var/lib/factorgate
EXPOSE 8443
# The admin listener stays inside the container. Where `admin` names another address, say so in FACTORGATE_LIVEZ.
ENV FACTORGATE_LIVEZ=http://127.0.0.1:9090/livez
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(process.env.FACTORGATE_LIVEZ).then(reply => process.exit(reply.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["factorgate"]
CMD ["serve"]
