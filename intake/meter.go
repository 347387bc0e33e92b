package intake

import "time"

// reportEvery keeps a progress bar calm.
const reportEvery = 200 * time.Millisecond

// meter counts files and estimates the time left.
type meter struct {
	now           func() time.Time
	tell          func(Progress)
	p             Progress
	started, told time.Time
}

func newMeter(total int, now func() time.Time, tell func(Progress)) *meter {
	if tell == nil {
		tell = func(Progress) {}
	}
	m := &meter{now: now, tell: tell, p: Progress{Total: total, Stage: "导入文件"}, started: now()}
	m.tell(m.p)
	return m
}

// add counts one file with its passages.
func (m *meter) add(passages, failed int) {
	m.p.Done++
	m.p.Passages += passages
	m.p.Failed = failed
	if m.p.Done == m.p.Total || m.now().Sub(m.told) >= reportEvery {
		m.report()
	}
}

func (m *meter) stage(name string) {
	m.p.Stage = name
	m.report()
}

func (m *meter) report() {
	m.told = m.now()
	if spent := m.told.Sub(m.started).Seconds(); spent > 0 && m.p.Done > 0 {
		m.p.Rate = float64(m.p.Done) / spent
		m.p.Left = time.Duration(float64(m.p.Total-m.p.Done) / m.p.Rate * float64(time.Second)).Round(time.Second)
	}
	m.tell(m.p)
}
