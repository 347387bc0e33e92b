package experts_test

import (
	"bytes"
	"strings"
	"testing"

	"advisor/accounts"
	"advisor/corpus/format"
	"advisor/experts"
)

// TestDossierHasEverythingArticle29Wants goes through the article line by line.
func TestDossierHasEverythingArticle29Wants(t *testing.T) {
	d, legal := newMajor(t)
	ctx := t.Context()
	v := d.labelled(d.approvedMajor())
	_, err := d.Dossier(ctx, d.asker, v.ReviewID)
	d.refused("not-allowed", err)
	v = d.ok(d.Comment(ctx, d.secretary, v.ReviewID, "某企业", "建议分期建设"))
	v = d.ok(d.AnswerComment(ctx, d.secretary, v.ReviewID, 1, experts.PartAdopt, "列入二期"))
	v = d.ok(d.Refer(ctx, d.secretary, v.ReviewID, v.Hash, 0, ""))
	if _, err := d.Attach(ctx, d.secretary, v.ReviewID, "专家签名页.pdf", "application/pdf", []byte("%PDF-1.4")); err != nil {
		t.Fatal(err)
	}
	v = d.ok(d.Find(ctx, legal, v.ReviewID, finding(v, experts.ClearedWithRisk)))
	v = d.ok(d.Meet(ctx, d.secretary, v.ReviewID, meeting(v, "乙副市长")))
	v = d.ok(d.Decide(ctx, d.decider, v.ReviewID, v.Hash, experts.Adopt, ""))
	doc, err := d.Dossier(ctx, d.secretary, v.ReviewID)
	if err != nil {
		t.Fatal(err)
	}
	html, err := doc.HTML()
	if err != nil {
		t.Fatal(err)
	}
	word, err := doc.DOCX()
	if err != nil {
		t.Fatal(err)
	}
	read, err := format.Read(ctx, "卷宗.docx", bytes.NewReader(word), int64(len(word)))
	if err != nil {
		t.Fatalf("want the DOCX to be one: %v", err)
	}
	var text strings.Builder
	for _, b := range read.Blocks {
		text.WriteString(b.Text + "\n")
	}
	order := 0
	for _, want := range []string{
		"一、决策草案及相关材料", "可以共享", "公平竞争审查：通过", // item 1
		"二、社会公众主要意见", "2026-01-20 至 2026-02-25", "建议分期建设", "部分采纳", "列入二期", // item 2
		"三、专家论证意见", "8/8/8", "必要性：中位数 8，适宜", // item 3
		"四、风险评估报告", "中风险", // item 4
		"五、合法性审查意见", "须明示法律风险", "符合法定权限", "程序齐备", "内容合法", // item 5
		"六、其他材料", "专家签名页.pdf", "sha256:", // item 6
		"七、集体讨论决定情况", "市长", "不同意见（乙副市长）：投入过大，我不同意现在上马", "决定：通过", // article 30
		"八、决策过程记录", "提交审议", "作出决定", // article 33
	} {
		for name, s := range map[string]string{"HTML": string(html), "DOCX": text.String()} {
			if !strings.Contains(s, want) {
				t.Errorf("%s: want %q", name, want)
			}
		}
		if at := strings.Index(string(html), want); at >= 0 && strings.HasPrefix(want, "一二三四五六七八"[:3]) && at < order {
			t.Errorf("%q stands out of order", want)
		} else if strings.Contains(want, "、") && at > order {
			order = at
		}
	}
	if !bytes.Contains(html, []byte(doc.Hash())) || !bytes.Contains(html, []byte(doc.Receipt)) {
		t.Error("want hash and receipt on every page")
	}

	// Built again by somebody else, the bytes are the same.
	other, err := d.Dossier(ctx, d.decider, v.ReviewID)
	if err != nil {
		t.Fatal(err)
	}
	againHTML, _ := other.HTML()
	againWord, _ := other.DOCX()
	if !bytes.Equal(html, againHTML) || !bytes.Equal(word, againWord) {
		t.Error("want the same bytes when built again")
	}
	// Dropping one dissent changes the hash (invariant 10).
	without := doc
	without.Parts = append(without.Parts[:0:0], doc.Parts...)
	last := without.Parts[6]
	last.Blocks = append(last.Blocks[:0:0], last.Blocks[:len(last.Blocks)-2]...)
	without.Parts[6] = last
	if without.Hash() == doc.Hash() {
		t.Error("a dossier without its dissent has the same hash")
	}
}

func TestNoDossierWhileBallotsAreSealed(t *testing.T) {
	d := newDesk(t)
	v := d.declared()
	d.votes(v, 1, d.members[0])
	for _, who := range []accounts.Account{d.secretary, d.chair} {
		_, err := d.Dossier(t.Context(), who, v.ReviewID)
		d.refused("ballots-sealed", err)
	}
	_, err := d.Dossier(t.Context(), d.members[1], v.ReviewID)
	d.refused("not-allowed", err)
}
