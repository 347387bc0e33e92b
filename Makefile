# Every target works from any directory (make -C PATH), as root and as an
# ordinary user, and again after an interrupted try.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
IN := cd "$(ROOT)" &&

# A user without a writable home (many service accounts) keeps Go's caches here.
ifneq ($(shell test -d "$$HOME" && test -w "$$HOME" && echo yes),yes)
export HOME := $(ROOT)/.cache/home
export GOPATH := $(ROOT)/.cache/home/go
export GOCACHE := $(ROOT)/.cache/home/go-build
endif

# CGO is off but for the race detector; a checkout owned by somebody else must
# not stop the build, so the version comes from git by hand.
export CGO_ENABLED := 0
VERSION := $(shell git -C "$(ROOT)" -c safe.directory='*' describe --tags --always --dirty 2>/dev/null || echo dev)
BUILD := go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$(VERSION)"

.PHONY: help build fetch demo test check torture mutants bench bundle laws clean-all

help: ## 列出全部目标
	@sed -n 's/^\([a-z][a-z -]*\):.*## /  make \1\t/p' "$(ROOT)/Makefile" | expand -t 42

fetch: ## 取得数据库程序（固定版本，校验后存入 .cache/）
	@$(IN) go run -buildvcs=false ./scripts/fetch >/dev/null

build: fetch ## 编译 bin/advisor
	@$(IN) $(BUILD) -o bin/advisor ./cmd/advisor

demo: build ## 取得数据库、编译、在示例城市上走完全程
	@$(IN) bin/advisor demo

test: fetch ## 全部测试：竞态检测、乱序、数据库、浏览器；CI 非空时跳过即失败
	@$(IN) scripts/need gcc browser fonts
	@$(IN) CGO_ENABLED=1 go run -buildvcs=false ./scripts/test -race -shuffle=on -timeout=14m ./...

check: ## 快速检查：格式、vet、staticcheck、引用规则、生成文件、已知漏洞
	@$(IN) scripts/check

bundle: ## 离线包：linux amd64 与 arm64 各一个，在 dist/
	@$(IN) scripts/bundle "$(VERSION)"

torture: fetch ## 长时验证：崩溃点、随机历史、模糊测试、并发、恶意文件；末尾列表
	@$(IN) go run -buildvcs=false ./scripts/torture

bench: build ## 与同类软件并排测速（自建一次性 Python 环境）；DATA=BEIR目录 DOCUMENTS=N ROUNDS=N
	@$(IN) scripts/bench/run

laws: build ## 导入真实的国家法律（378 部）：取得、转换、导入，一步完成
	@$(IN) go run -buildvcs=false ./scripts/laws bin/advisor $(LAWS)
	@echo '可以试着问：bin/advisor ask 试用期最长可以约定多久'

mutants: fetch ## 逐条故意破坏规则，列出每一处由哪个测试发现
	@$(IN) go run -buildvcs=false ./scripts/mutants

clean-all: ## 删除编译结果、缓存和取得的数据库程序
	@$(IN) scripts/clean
