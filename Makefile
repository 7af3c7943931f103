# Tool versions, in this one place.
GOLANGCI_LINT_VERSION := v2.15.0
GOVULNCHECK_VERSION := v1.8.0

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TOOLS := $(CURDIR)/.tools
GOLANGCI_LINT := $(TOOLS)/golangci-lint-$(GOLANGCI_LINT_VERSION)/golangci-lint
GOVULNCHECK := $(TOOLS)/govulncheck-$(GOVULNCHECK_VERSION)/govulncheck
WITH_SERVERS := $(TOOLS)/with-servers
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME ?= 60s
CONFIG_FLAG := $(if $(CONFIG),-c $(CONFIG))

# A missing server fails the run instead of skipping tests. The timeout is per package; the slowest needs about a
# minute under -race on two busy cores.
GO_TEST := SNOWGATE_TEST_SERVERS=required $(WITH_SERVERS) -- go test -race -shuffle=on -timeout=15m

.PHONY: help
help: ## list these targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## start the gateway; the sandbox, or CONFIG=snowgate.yaml
	go run ./cmd/snowgate $(CONFIG_FLAG)

.PHONY: build
build: ## static binary in bin/
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/snowgate ./cmd/snowgate

.PHONY: test
test: test-needs ## the whole suite on real servers with the race detector; installs what is missing
	$(GO_TEST) ./...

.PHONY: test-quick
test-quick: ## what passes with Go alone, on the embedded stand-ins
	go test ./...

.PHONY: test-tryton
test-tryton: ## the Tryton driver against a real Tryton 6.0, which it installs (Debian's packages) and seeds
	erpclient/tryton/trytontest/install.sh
	SNOWGATE_TEST_TRYTON=start go test -race -shuffle=on -count=1 -timeout=15m ./erpclient/tryton/...

.PHONY: test-browser
test-browser: test-needs ## the console in a real headless Chromium, which it installs; screenshots in artifacts/
	console/consoletest/install.sh
	SNOWGATE_TEST_BROWSER=1 $(GO_TEST) -count=1 ./console/...
	SNOWGATE_TEST_BROWSER=1 $(GO_TEST) -count=1 -run TheConsole ./cmd/snowgate/

.PHONY: e2e
e2e: test-needs ## the real binary, walked from login to log row
	$(GO_TEST) -count=1 -v ./cmd/snowgate/

.PHONY: cover
cover: test-needs ## the whole suite with coverage, in .tools/cover.html
	$(GO_TEST) -coverpkg=./... -coverprofile=$(TOOLS)/cover.out ./...
	go tool cover -html=$(TOOLS)/cover.out -o $(TOOLS)/cover.html
	go tool cover -func=$(TOOLS)/cover.out | tail -n 1

.PHONY: bench
bench: build test-needs ## the gateway beside nginx, HAProxy and plain Go, as tables; FLAGS='-only search -rounds 1'
	go run ./bench/gateway -bin bin/snowgate $(FLAGS)

.PHONY: bench-go
bench-go: ## Go's own benchmarks; timed claims live here, never in tests
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: bench-allocs
bench-allocs: ## fails where the hot path makes more objects than bench/allocs.txt allows
	go run ./bench/allocs

.PHONY: bench-faults
bench-faults: build ## what callers and the ERP feel while the ERP fails, as a table; FLAGS='-quick -only hang'
	go run ./bench/faults -bin bin/snowgate $(FLAGS)

.PHONY: bench-audit
bench-audit: test-needs ## what a minute without the database costs the audit trail; takes two minutes
	go run ./bench/audit $(FLAGS)

.PHONY: bench-messages
bench-messages: test-needs ## what a minute without WeChat and twenty kills cost the messages; takes four minutes
	go run ./bench/messages $(FLAGS)

.PHONY: fmt
fmt: ## format all Go files
	gofmt -w .

.PHONY: lint
lint: $(GOLANGCI_LINT) ## gofmt, go vet and golangci-lint
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not formatted (make fmt):"; echo "$$unformatted"; exit 1; }
	go vet ./...
	$(GOLANGCI_LINT) run ./...

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (60s), two at a time
	@FUZZTIME=$(FUZZTIME) internal/fuzz/run.sh

.PHONY: vuln
vuln: $(GOVULNCHECK) ## known holes in what is called; says so where their database cannot be reached
	@internal/vuln/check.sh $(GOVULNCHECK) ./...

.PHONY: sbom
sbom: build ## the binary's modules with versions and licences, as CycloneDX in bin/
	go run ./internal/sbom -binary bin/snowgate -version $(VERSION) -o bin/snowgate.cdx.json

.PHONY: check
check: FUZZTIME := 5s
check: lint test bench-allocs test-tryton test-browser vuln fuzz ## all that CI runs

.PHONY: migrate
migrate: ## bring the schema of CONFIG's database up to date
	go run ./cmd/snowgate $(CONFIG_FLAG) migrate

.PHONY: dev
dev: ## gateway, Redis, MySQL and Prometheus in containers; wants .env, see .env.example
	docker compose up --build

.PHONY: clean
clean: ## remove what make made
	rm -rf bin $(TOOLS)

.PHONY: test-needs
test-needs: $(WITH_SERVERS)
	@internal/servertest/install.sh

# Always asked; go build knows whether anything changed.
.PHONY: $(WITH_SERVERS)
$(WITH_SERVERS):
	@go build -o $@ ./internal/servertest/cmd/with-servers

$(GOLANGCI_LINT):
	GOBIN=$(dir $@) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)

$(GOVULNCHECK):
	GOBIN=$(dir $@) go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
