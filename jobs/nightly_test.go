package jobs

import (
	"testing"
	"time"
)

func TestNightlyIsTheOfficesNight(t *testing.T) {
	for now, want := range map[string]string{
		"2026-11-27T18:00:00Z": "2026-11-27T18:30:00Z", // two in the morning there
		"2026-11-27T18:30:00Z": "2026-11-28T18:30:00Z",
		"2026-11-27T23:00:00Z": "2026-11-28T18:30:00Z",
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := (nightly{}).Next(at).UTC().Format(time.RFC3339); got != want {
			t.Errorf("after %s: want %s, got %s", now, want, got)
		}
	}
}
