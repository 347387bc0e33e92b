package experts

import "time"

// stage is the stage of the policy's clocks that a state belongs to; empty for
// states that nothing waits in.
func (s State) stage() string {
	switch s {
	case Screened:
		return "route"
	case Routed:
		return "declare"
	case Round1, Round2:
		return "round"
	case Deliberating:
		return "discuss"
	case Legality:
		return "legality"
	case Deliberated:
		return "decide"
	}
	return ""
}

// due is when the present stage is overdue, nil when nothing waits. The legal
// section has what it was given.
func (c *Case) due(now time.Time) *time.Time {
	days := c.Policy.Clocks[c.State.stage()]
	switch {
	case c.State == Legality && c.finding() != "":
		days = c.Policy.Clocks["decide"]
	case c.State == Legality && c.Workdays > 0:
		days = c.Workdays
	}
	if days == 0 || c.Calendar == nil {
		return nil
	}
	at := c.Calendar.Add(now, days)
	return &at
}

// expire is the clock's only act: what is overdue stalls.
func (c *Case) expire() error { return c.step(Expire) }
