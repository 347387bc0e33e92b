package main

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	from := strings.Join([]string{
		`{"Action":"output","Package":"a","Test":"TestGood","Output":"chatter\n"}`,
		`{"Action":"pass","Package":"a","Test":"TestGood"}`,
		`{"Action":"output","Package":"a","Test":"TestBad","Output":"want 1, got 2\n"}`,
		`{"Action":"fail","Package":"a","Test":"TestBad"}`,
		`{"Action":"output","Package":"a","Test":"TestLater","Output":"no browser\n"}`,
		`{"Action":"skip","Package":"a","Test":"TestLater"}`,
		`{"Action":"output","Package":"a","Output":"-test.shuffle 1\n"}`,
		`{"Action":"output","Package":"a","Output":"ok  \ta\t0.1s\n"}`,
		`{"Action":"pass","Package":"a"}`,
		`{"Action":"output","Package":"d","Output":"-test.shuffle 2\n"}`,
		`{"Action":"fail","Package":"d"}`,
		`{"Action":"skip","Package":"b"}`,
		`{"Action":"output","Package":"c","Test":"TestCrash","Output":"panic: x\n"}`,
	}, "\n")
	var out strings.Builder
	skipped := report(&out, strings.NewReader(from))
	if want := "want 1, got 2\nok  \ta\t0.1s\n-test.shuffle 2\npanic: x\n"; out.String() != want {
		t.Errorf("want %q, got %q", want, out.String())
	}
	if len(skipped) != 1 || skipped[0] != "a TestLater: no browser" {
		t.Errorf("want one skip with its reason, got %q", skipped)
	}
}
