package corpus

import (
	"fmt"
	"time"
)

// Date is a calendar day in Asia/Shanghai written YYYY-MM-DD; empty is unknown.
// The written form orders as the days do, so dates compare as strings.
type Date string

// ParseDate reads YYYY-MM-DD, and refuses days that do not exist.
func ParseDate(s string) (Date, error) {
	if s == "" {
		return "", nil
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", fmt.Errorf("日期 %q 应写成 2025-03-01 的样子", s)
	}
	return Date(s), nil
}

// Today is the day at now in Asia/Shanghai, which keeps UTC+8 all year.
func Today(now time.Time) Date {
	return Date(now.In(time.FixedZone("CST", 8*3600)).Format(time.DateOnly))
}

// The statuses of a version on a day.
const (
	InForce = "in_force"
	Ended   = "repealed"
	NotYet  = "not_yet"
	Unknown = "unknown"
)

// Status says whether a version with these dates is in force on a day. A
// version is in force from effective up to, not including, repealed.
func Status(effective, repealed, on Date) string {
	return Validity{Effective: effective, Repealed: repealed}.Status(on)
}

// Validity is when a version is in force. Over marks one that is known to be
// out of force without anyone saying since when.
type Validity struct {
	Effective, Repealed Date
	Over                bool
}

// Status says how the version stands on a day.
func (v Validity) Status(on Date) string {
	switch {
	case v.Repealed != "" && on >= v.Repealed, v.Over && v.Repealed == "":
		return Ended
	case v.Effective == "":
		return Unknown
	case on < v.Effective:
		return NotYet
	}
	return InForce
}
