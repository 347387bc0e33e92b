// Command mutants breaks each guarded rule on purpose, one at a time, and runs
// the test that should notice. It prints invariant, break and who caught it, and
// fails when a break goes unnoticed. Nothing in the tree is changed: the broken
// file is laid over it for one run of go test.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"
)

// mutant is one break: what stands in a file, exactly once, and what is put in its place.
type mutant struct {
	invariant, rule string
	file, old, new  string
	pkg, test       string
}

const pure = "^TestTortureRandomHistories$"

var mutants = []mutant{
	{"1", "法定票数", "experts/policy.go", "if t.Ballots < p.Quorum {", "if t.Ballots < p.Quorum-1 {", "./experts", pure},
	{"1", "赞成票数", "experts/policy.go", "if t.For < p.Approvals {", "if t.For < p.Approvals-1 {", "./experts", pure},
	{"2", "票只投给现在的文本", "experts/case.go", "if hash == c.Hash {\n\t\treturn nil\n\t}\n\tp :=", "if true {\n\t\treturn nil\n\t}\n\tp :=", "./experts", pure},
	{"4", "改稿人、提问人不计票", "experts/case.go", "&& !c.wrote(s.Account) && !c.same(s.Account, c.Asker)", "", "./experts", pure},
	{"5", "一人一票", "experts/seats.go", "if j == i || !c.same(o.Account, s.Account) {", "if j >= 0 {", "./experts", "^TestOnePersonTwoAccounts$"},
	{"6", "回避的票不计", "experts/seats.go", "if s.Conflict == Conflicted || s.To != 0 || s.Lapsed {", "if s.To != 0 || s.Lapsed {", "./experts", pure},
	{"7", "未申报不能办理", "experts/case.go", "case s.Conflict == Undeclared:\n\t\treturn nil, undeclared", "case false:\n\t\treturn nil, undeclared", "./experts", pure},
	{"8", "票未到齐不显示计票", "experts/view.go", "if open && (own ||", "if true || open && (own ||", "./experts", "^TestAChairOnThePanelVotesBeforeClosing$"},
	{"9", "专家组始终符合规则", "experts/case.go", "f.Met = f.Panel && c.Tally().Met", "f.Met = c.Tally().Met", "./experts", pure},
	{"9", "单数", "experts/policy.go", "if p.Odd && len(seats)%2 == 0 {", "if false {", "./experts", pure},
	{"10", "不同意见入卷", "experts/archive.go", "if a.View == \"against\" {", "if false {", "./experts", "^TestDossierHasEverythingArticle29Wants$"},
	{"11", "意见都有答复才能上会", "experts/tier2.go", "return c.unansweredComments() == 0 && !slices", "return true || !slices", "./experts", pure},
	{"12", "不审查不上会", "experts/tier2.go", "func (f Finding) clears() bool { return f == Cleared || f == ClearedWithRisk }", "func (f Finding) clears() bool { return f != SentBack }", "./experts", pure},
	{"12", "表决人不能作合法性审查", "experts/tier2.go", "if c.same(s.Account, m.Account) {", "if false {", "./experts", pure},
	{"12", "首长最后发言", "experts/tier2.go", "case !m.Members[last].Head:", "case false:", "./experts", "^TestMajorDecision$"},
	{"12", "与多数不一致须说明理由", "experts/tier2.go", "case against && reason == \"\":", "case false:", "./experts", pure},
	{"13", "调休", "experts/calendar/calendar.go", "return d.Working", "return !d.Working", "./experts/calendar", "^TestWorkingDaysAcrossHolidays$"},
	{"13", "缩短期限须有理由", "experts/tier2.go", "< least && m.Short == \"\" {", "< 0 {", "./experts", "^TestMajorDecision$"},
	{"15", "改稿后旧票失效", "experts/case.go", "b.Round == c.Round && b.Hash == c.Hash {\n\t\t\treturn &c.Ballots[i]", "true {\n\t\t\treturn &c.Ballots[i]", "./experts", pure},
	{"16", "只采纳一次", "experts/state.go", "{Approved, Apply, Applied, minor},", "{Approved, Apply, Approved, minor},", "./experts", pure},
	{"18", "到期不通过", "experts/state.go", "{Round1, Expire, Stalled, always},", "{Round1, Expire, Approved, always},", "./experts", "^TestTheTableIsSound$"},
	{"20", "采纳时依据现行有效", "experts/apply.go", "if len(wants) > 0 {", "if false {", "./experts", "^TestApplyRefusesABasisRepealedSince$"},
	{"22", "新一轮才能解除提示", "experts/state.go", "{Stale, Reaffirm, Applied, renewed},", "{Stale, Reaffirm, Applied, always},", "./experts", "^TestTheTableIsSound$"},
	{"23", "日志与表一致", "experts/decide.go", "\"commitment\": commitment}\n\tif cast.Entry", "\"commitment\": \"\"}\n\tif cast.Entry", "./experts", "^TestStraightLine$"},
	{"29", "委托只一步", "experts/seats.go", "case s.From != 0:\n\t\treturn oneStep", "case false:\n\t\treturn oneStep", "./experts", pure},
	{"29", "委托后没有票", "experts/case.go", "return s.Conflict != Conflicted && s.To == 0 && !s.Lapsed", "return s.Conflict != Conflicted && !s.Lapsed", "./experts", pure},
	{"—", "有分歧的须再表决", "experts/merit.go", "t.Dispute = p.SecondRound && ", "t.Dispute = false && ", "./experts", "^TestDisagreementIsVotedOnTwice$"},
	{"—", "抽取可以重做", "experts/draw/draw.go", "return x % n", "return (x + 1) % n", "./experts/draw", "^TestGolden$"},
	{"—", "表格公式不执行", "experts/sheet/sheet.go", "return \"'\" + cell", "return cell", "./experts/sheet", "^TestRoundTrip$"},
}

func main() {
	only := ""
	if len(os.Args) > 1 {
		only = os.Args[1]
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		fmt.Fprintln(os.Stderr, "make a folder:", err)
		os.Exit(1)
	}
	defer os.RemoveAll(dir)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "invariant\tbreak\tcaught by")
	missed := 0
	for i, m := range mutants {
		if only != "" && only != m.invariant {
			continue
		}
		caught, err := m.try(filepath.Join(dir, fmt.Sprint(i)))
		if err != nil {
			caught = "ERROR: " + err.Error()
			missed++
		} else if caught == "" {
			caught = "NOT CAUGHT by " + m.test
			missed++
		}
		fmt.Fprintf(os.Stderr, "%s %s: %s\n", m.invariant, m.rule, caught)
		fmt.Fprintf(table, "%s\t%s: %s\t%s\n", m.invariant, m.rule, m.file, caught)
	}
	_ = table.Flush()
	if missed > 0 {
		os.Exit(1)
	}
}

var failed = regexp.MustCompile(`--- FAIL: (\S+)`)

// try lays the broken file over the tree and runs the test; "" means that it passed.
func (m mutant) try(path string) (string, error) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(source), m.old); n != 1 {
		return "", fmt.Errorf("%s holds %q %d times, want once", m.file, m.old, n)
	}
	broken := path + ".go"
	if err := os.WriteFile(broken, []byte(strings.Replace(string(source), m.old, m.new, 1)), 0o600); err != nil {
		return "", err
	}
	whole, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {whole: broken}})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(path+".json", overlay, 0o600); err != nil {
		return "", err
	}
	args := []string{"test", "-vet=off", "-count=1", "-overlay", path + ".json", "-run", m.test, m.pkg}
	if m.test == pure {
		args = append(args, "-rapid.nofailfile", "-rapid.shrinktime=1ms") // that it fails is enough
	}
	out, err := exec.Command("go", args...).CombinedOutput()
	if err == nil {
		return "", nil
	}
	if found := failed.FindSubmatch(out); found != nil {
		return string(found[1]), nil
	}
	return "", fmt.Errorf("the broken tree does not build or run: %.300s", out)
}
