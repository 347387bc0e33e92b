package advice

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"advisor/segment"
)

// full is a body with every part.
func full() Body {
	b := sample()
	b.Verdict, b.TurnTo = Conditional, []string{"云川市大数据中心"}
	b.Claims = append(b.Claims,
		Claim{Text: "共享敏感数据的，应当会同市公安局审查，并报市人民政府批准。", Support: Quoted, Role: Procedure, Citations: []Citation{{DocumentID: 4, VersionID: 9,
			Title: "云川市数据共享细则", Provision: "第八条", Quote: "共享敏感数据的，应当会同市公安局审查，并报市人民政府批准。", Status: "in_force"}}},
		Claim{Text: "应当自收到申请之日起七个工作日内答复。", Support: Quoted, Role: Deadline, Citations: []Citation{{DocumentID: 4, VersionID: 9,
			Title: "云川市数据共享细则", Provision: "第九条", Quote: "应当自收到申请之日起七个工作日内答复。", Status: "in_force"}}},
		Claim{Text: "某街道提供部门未在期限内答复，市大数据中心予以督办。", Support: Quoted, Role: CaseLike, Citations: []Citation{{DocumentID: 5, VersionID: 11,
			Title: "答复期限督办案例", Kind: "case", Provision: "一、", Quote: "某街道提供部门未在期限内答复，市大数据中心予以督办。", Status: "in_force"}}})
	return b
}

func TestPapers(t *testing.T) {
	seg, err := segment.Default()
	if err != nil {
		t.Fatal(err)
	}
	b := full()
	(&Advisor{seg: seg}).derive(&b)
	for name, got := range map[string]string{"full.txt": b.Text(), "full.md": b.Markdown(), "proposal.txt": b.Proposal()} {
		golden(t, name, got)
		if !strings.Contains(strings.SplitN(got, "\n", 2)[0], Label) {
			t.Errorf("%s: the label does not stand first", name)
		}
	}
	if strings.Contains(b.Proposal(), "逾期视为同意") {
		t.Error("a 建议稿 repeats what could not be verified")
	}
}

// What derives from the claims says nothing that is decided on, so it changes no hash.
func TestDerive(t *testing.T) {
	seg, err := segment.Default()
	if err != nil {
		t.Fatal(err)
	}
	b := full()
	before := b.Hash()
	(&Advisor{seg: seg}).derive(&b)
	if want := []Department{{"市公安局", "会同", 4}, {"市人民政府", "审批", 4}}; !reflect.DeepEqual(b.Departments, want) {
		t.Errorf("departments = %+v, want %+v", b.Departments, want)
	}
	if len(b.Conflicts) != 1 || b.Conflicts[0].First != 1 || b.Conflicts[0].Second != 5 {
		t.Errorf("conflicts = %+v, want the five days of claim 1 against the seven of claim 5", b.Conflicts)
	}
	if len(b.Cases) != 1 || b.Cases[0].Claim != 6 || len(b.Cases[0].Alike) == 0 {
		t.Errorf("cases = %+v", b.Cases)
	}
	if b.Hash() != before {
		t.Error("the hash covers what is derived")
	}
	b.Claims[3].Support = Unsupported
	(&Advisor{seg: seg}).derive(&b)
	if len(b.Departments) != 0 {
		t.Errorf("departments = %+v from a claim that does not stand", b.Departments)
	}
}

// A draft kept before the body had its present parts reads and verifies as it did.
func TestOldDraftVerifies(t *testing.T) {
	const stored = `{"claims":[{"citations":[{"document_id":"3","provision":"第三条第二款","quote":"应当自收到申请之日起五个工作日内答复。","status":"in_force","title":"云川市公共数据管理办法","version_id":"7","doc_number":""}],"role":"时限","support":"quoted","text":"应当自收到申请之日起五个工作日内答复。"}],"conclusion":"结论：依据以下原文，请结合具体情况判断。","label":"机器草稿 · 未经专家审议","on":"2025-06-10","options":[],"procedure":[],"question":"几日内答复？","unknown":[]}`
	var b Body
	if err := json.Unmarshal([]byte(stored), &b); err != nil {
		t.Fatal(err)
	}
	if got, want := b.Hash(), "sha256:c5fbc4c8"; !strings.HasPrefix(got, want) {
		t.Errorf("hash of an old draft = %s, want %s…", got, want)
	}
	if strings.Contains(b.Text(), "涉及的部门") || len(b.Sections()) != 0 {
		t.Errorf("an old draft reads with parts it never had:\n%s", b.Text())
	}
}

// Untrusted words stay words in Markdown.
func TestMarkdownEscapes(t *testing.T) {
	b := Body{Question: "![x](http://evil) <script>\n# 标题", Conclusion: "**已批准**", Label: Label, Claims: []Claim{{Text: "[点这里](javascript:x)", Support: Supported}}}
	got := b.Markdown()
	for _, bad := range []string{"![x]", "<script>", "\n# ", "**已批准**", "[点这里]"} {
		if strings.Contains(got, bad) {
			t.Errorf("Markdown holds %q:\n%s", bad, got)
		}
	}
}
