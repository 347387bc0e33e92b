package web_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"advisor/web/api"
)

// The description says of every address what the router does: it is there for
// the methods described and for no other, and asks for a key where it says so.
func TestOpenAPIIsTrue(t *testing.T) {
	h := newHouse(t, true)
	_, _, raw := h.call("GET", "/api/openapi.json", "", "")
	var spec struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Parameters  []struct{ Name, In string }
			Security    *[]any
			Responses   map[string]any
			RequestBody *struct {
				Content map[string]struct {
					Schema struct {
						Properties map[string]any
						Required   []string
					}
				}
			}
		}
	}
	if err := json.Unmarshal(raw, &spec); err != nil || !strings.HasPrefix(spec.OpenAPI, "3.1") {
		t.Fatalf("%v: %.200s", err, raw)
	}
	described := 0
	names := map[string]bool{}
	for path, ops := range spec.Paths {
		plain := regexp.MustCompile(`\{[a-z_]+\}`).ReplaceAllString(path, "1")
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "TRACE"} {
			op, there := ops[strings.ToLower(method)]
			status, header, _ := h.call(method, plain, "", "{}")
			switch {
			case !there && (status != http.StatusMethodNotAllowed || header.Get("Allow") == ""):
				t.Errorf("%s %s is not described and gives %d, Allow %q", method, path, status, header.Get("Allow"))
			case there && op.Security == nil && status != http.StatusUnauthorized:
				t.Errorf("%s %s is described as closed and gives a stranger %d", method, path, status)
			case there && op.Security != nil && status == http.StatusUnauthorized:
				t.Errorf("%s %s is described as open and asks for a key", method, path)
			}
			if !there {
				continue
			}
			described++
			if names[op.OperationID] || op.OperationID == "" || len(op.Responses) == 0 {
				t.Errorf("%s %s: operation %q", method, path, op.OperationID)
			}
			names[op.OperationID] = true
			inPath := 0
			for _, p := range op.Parameters {
				if p.In == "path" {
					inPath++
				}
			}
			if want := strings.Count(path, "{"); inPath != want {
				t.Errorf("%s %s: %d parameters of the path described, want %d", method, path, inPath, want)
			}
		}
	}
	if n := len(api.Endpoints()); described != n {
		t.Errorf("%d operations described, %d mounted", described, n)
	}
}

// Whoever comes too often is told when to come again; a flood of wrong keys
// from one address costs nobody a valid one.
func TestLimits(t *testing.T) {
	h := newHouse(t, true)
	admin, err := h.accounts.Local(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	h.admin = admin
	key, err := h.accounts.AddKey(t.Context(), admin, admin.Login, "test")
	if err != nil {
		t.Fatal(err)
	}
	last, wait := 0, ""
	for range 100 {
		status, header, _ := h.call("GET", "/v1/models", "advisor_wrong", "")
		last, wait = status, header.Get("Retry-After")
	}
	if last != http.StatusTooManyRequests || wait == "" {
		t.Errorf("after a hundred wrong keys: status %d, Retry-After %q", last, wait)
	}
	if status, _, raw := h.call("GET", "/v1/models", key, ""); status != http.StatusOK {
		t.Errorf("a valid key from the same address: status %d: %s", status, raw)
	}
}

// Answers to keys that are unknown, revoked, of an inactive account or no keys
// at all are the same, byte for byte.
func TestKeysTellNothing(t *testing.T) {
	h := newHouse(t, false)
	revoked, inactive := h.key("chenlu"), h.key("qiuming")
	keys, err := h.accounts.Keys(t.Context(), h.admin, "chenlu")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.accounts.RevokeKey(t.Context(), h.admin, "chenlu", keys[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := h.accounts.SetActive(t.Context(), h.admin, "qiuming", false); err != nil {
		t.Fatal(err)
	}
	want := ""
	for _, key := range []string{"advisor_" + strings.Repeat("a", 43), revoked, inactive, "x", strings.Repeat("k", 9000)} {
		status, _, raw := h.call("GET", "/v1/models", key, "")
		if status != http.StatusUnauthorized || want != "" && string(raw) != want {
			t.Errorf("key %.12s: status %d: %s", key, status, raw)
		}
		want = string(raw)
	}
}
