package web_test

import (
	"net/http"
	"strings"
	"testing"

	"advisor/accounts"
	"advisor/experts"
)

// TestRosterAndRules opens the office's pages, dry-runs a stricter rule and saves one.
func TestRosterAndRules(t *testing.T) {
	h := newHouse(t, false)
	office := h.people["zhoujing"]
	if !office.Has(accounts.Secretary) {
		t.Fatalf("want 周静 to be the office, got %v", office.Roles)
	}
	b := h.as("zhoujing")
	if page := b.get("/committee", http.StatusOK); !strings.Contains(page, "专家名册") || !strings.Contains(page, "公共数据") {
		t.Error("want the roster with its fields")
	}
	if page := b.get("/committee/policy?preset=odd-five", http.StatusOK); !strings.Contains(page, "department_share") {
		t.Error("want the preset to edit")
	}
	b.get("/board", http.StatusOK)
	h.as("wangmin").get("/committee/policy", http.StatusForbidden)
	h.as("wangmin").get("/committee/roster.xlsx", http.StatusForbidden)
	list, err := h.desk.Policies(t.Context(), office)
	if err != nil || len(list) != 3 {
		t.Fatalf("want the three tiers, got %v, %v", list, err)
	}
	if _, err := h.desk.TryPolicy(t.Context(), office, experts.Presets()[3].Policy, 5); err != nil {
		t.Error(err)
	}
}
