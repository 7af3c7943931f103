FROM golang:1.26 AS build
WORKDIR /src
ENV CGO_ENABLED=0
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/snowgate ./cmd/snowgate \
 && mkdir -p /out/spool

# The binary brings its own time zones; the certificates are all it needs from a system.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/snowgate /snowgate
# A number, because Kubernetes checks runAsNonRoot on numbers only, and there is no /etc/passwd here.
COPY --from=build --chown=65532:65532 /out/spool /var/lib/snowgate/spool
USER 65532:65532
EXPOSE 8080
# In a container 127.0.0.1 is nobody's; started without configuration this is still the sandbox.
ENV SNOWGATE_SERVER__LISTEN=:8080
# The only folder that can be written; the sandbox puts its log there.
ENV TMPDIR=/var/lib/snowgate/spool
ENTRYPOINT ["/snowgate"]
