package calendar

import (
	"advisor/corpus"
	"strings"
	"testing"
	"time"
)

// standard is the calendar that comes with the program.
func standard(t *testing.T) *Calendar {
	c, err := Parse(Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	x, err := time.ParseInLocation("2006-01-02 15:04", s, corpus.Zone)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestWorkingDaysAcrossHolidays counts by hand across the holidays of 2026.
func TestWorkingDaysAcrossHolidays(t *testing.T) {
	c := standard(t)
	for _, w := range []struct {
		from string
		days int
		want string
	}{
		{"2026-03-02 09:00", 1, "2026-03-03"},
		{"2026-03-06 23:59", 1, "2026-03-09"}, // a Friday
		{"2026-02-13 10:00", 1, "2026-02-14"}, // Saturday worked instead of a day of 春节
		{"2026-02-13 10:00", 2, "2026-02-24"}, // and then nine days off
		{"2026-02-13 10:00", 7, "2026-03-02"}, // the Saturday the 28th is worked too: 14, 24, 25, 26, 27, 28, 2
		{"2026-09-30 17:00", 1, "2026-10-08"}, // after 国庆节
		{"2026-09-30 17:00", 3, "2026-10-10"}, // a Saturday that is worked
		{"2025-09-26 17:00", 2, "2025-09-29"}, // the Sunday before is worked
		{"2026-03-02 09:00", 0, "2026-03-02"}, // the day itself
		{"2026-12-31 09:00", 1, "2027-01-01"}, // no file for 2027: weekdays only
		{"2026-01-01 00:30", 1, "2026-01-04"}, // a Sunday that is worked
		{"2026-06-18 12:00", 1, "2026-06-22"}, // 端午节
		{"2026-05-08 08:00", 1, "2026-05-09"}, // a Saturday that is worked
	} {
		got := c.Add(at(t, w.from), w.days)
		if got.Format(time.DateOnly) != w.want || got.Format(time.TimeOnly) != "23:59:59" {
			t.Errorf("%d working days after %s: want the end of %s, got %s", w.days, w.from, w.want, got)
		}
		if n := c.Between(at(t, w.from), got); n != w.days {
			t.Errorf("from %s to %s: want %d working days, got %d", w.from, w.want, w.days, n)
		}
	}
	if !c.Knows(at(t, "2026-05-05 00:00")) || c.Knows(at(t, "2027-05-05 00:00")) {
		t.Error("the file covers 2026 and not 2027")
	}
	// The day begins in Shanghai, not in Greenwich.
	if !c.Working(time.Date(2026, 3, 1, 17, 0, 0, 0, time.UTC)) {
		t.Error("Sunday evening in Greenwich is Monday in Shanghai")
	}
}

// TestWorkingDaysOfAYear compares with what a year's notice comes to.
func TestWorkingDaysOfAYear(t *testing.T) {
	for year, want := range map[string]int{"2025": 248, "2026": 248} {
		got := standard(t).Between(at(t, year+"-01-01 00:00").AddDate(0, 0, -1), at(t, year+"-12-31 12:00"))
		if got != want {
			t.Errorf("%s: want %d working days, got %d", year, want, got)
		}
	}
}

func TestFileMistakesAreNamed(t *testing.T) {
	for file, want := range map[string]string{
		"2026-13-01 休":               "不是日期",
		"2026-01-05 放":               "休",
		"2026-01-05 班 x":             "本来就是工作日",
		"2026-01-05 休\n2026-01-05 休": "写了两次",
	} {
		if _, err := Parse([]byte(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: want a mistake named with %q, got %v", file, want, err)
		}
	}
	c, err := Parse([]byte("\ufeff# 说明\n2026-08-03\t休\t台风停工\n"))
	if err != nil || c.Working(at(t, "2026-08-03 10:00")) || len(c.Days()) != 1 {
		t.Errorf("want the office's own day off, got %v", err)
	}
}
