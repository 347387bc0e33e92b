// Package calendar counts working days as the State Council's yearly notice on
// holidays has them: weekdays but for the holidays, and the weekend days on
// which one works instead (调休). What the office's own file says is all it
// knows; a year that the file does not cover is counted by weekdays and said to be.
package calendar

import (
	"advisor/corpus"
	"bufio"
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"
)

//go:embed days.tsv
var builtin []byte

// Builtin is the calendar that comes with the program.
func Builtin() []byte { return bytes.Clone(builtin) }

// Day is one day that is not as its weekday would have it.
type Day struct {
	Date    string `json:"date"` // YYYY-MM-DD
	Working bool   `json:"working"`
	Why     string `json:"why"`
}

// Calendar is the office's working days.
type Calendar struct {
	days  map[string]Day
	years map[string]bool
}

// Parse reads a calendar: lines of date, 休 or 班, and a word, separated by
// tabs or spaces; # begins a comment. Every mistake is named with its line.
func Parse(file []byte) (*Calendar, error) {
	c := &Calendar{days: map[string]Day{}, years: map[string]bool{}}
	lines := bufio.NewScanner(bytes.NewReader(file))
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "\ufeff"), "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		at, err := time.ParseInLocation(time.DateOnly, fields[0], corpus.Zone)
		if err != nil {
			return nil, fmt.Errorf("第 %d 行：“%s”不是日期，应写作 2026-01-01", n, fields[0])
		}
		if len(fields) < 2 || fields[1] != "休" && fields[1] != "班" {
			return nil, fmt.Errorf("第 %d 行：日期之后应写“休”或“班”", n)
		}
		d := Day{Date: fields[0], Working: fields[1] == "班", Why: strings.Join(fields[2:], " ")}
		weekend := at.Weekday() == time.Saturday || at.Weekday() == time.Sunday
		if _, twice := c.days[d.Date]; twice {
			return nil, fmt.Errorf("第 %d 行：%s 写了两次", n, d.Date)
		}
		if d.Working && !weekend {
			return nil, fmt.Errorf("第 %d 行：%s 本来就是工作日，不必写“班”", n, d.Date)
		}
		c.days[d.Date], c.years[d.Date[:4]] = d, true
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("日历文件读不下去：%w", err)
	}
	return c, nil
}

// Days are the days that the file names, in order.
func (c *Calendar) Days() []Day {
	list := make([]Day, 0, len(c.days))
	for _, d := range c.days {
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b Day) int { return strings.Compare(a.Date, b.Date) })
	return list
}

// Knows says whether the file covers the year of t.
func (c *Calendar) Knows(t time.Time) bool { return c.years[t.In(corpus.Zone).Format("2006")] }

// Working says whether the day of t is a working day.
func (c *Calendar) Working(t time.Time) bool {
	t = t.In(corpus.Zone)
	if d, ok := c.days[t.Format(time.DateOnly)]; ok {
		return d.Working
	}
	return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday
}

// Add is the end of the n-th working day after the day of t, which does not
// count itself. For n of 0 it is the end of t's own day.
func (c *Calendar) Add(t time.Time, n int) time.Time {
	day := midnight(t)
	for n > 0 {
		if day = day.AddDate(0, 0, 1); c.Working(day) {
			n--
		}
	}
	return day.AddDate(0, 0, 1).Add(-time.Second)
}

// Between counts the working days after the day of from up to and with the day
// of until; 0 when until is not later.
func (c *Calendar) Between(from, until time.Time) (n int) {
	last := midnight(until)
	for day := midnight(from).AddDate(0, 0, 1); !day.After(last); day = day.AddDate(0, 0, 1) {
		if c.Working(day) {
			n++
		}
	}
	return n
}

// Days counts calendar days from the day of from to the day of until.
func Days(from, until time.Time) int {
	return int(midnight(until).Sub(midnight(from)) / (24 * time.Hour))
}

func midnight(t time.Time) time.Time {
	t = t.In(corpus.Zone)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, corpus.Zone)
}
