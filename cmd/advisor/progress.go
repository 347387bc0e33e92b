package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"advisor/intake"
)

// bar draws one line of progress with rate and time left on a terminal; off a
// terminal it writes a line every ten seconds, so that logs stay readable.
type bar struct {
	e     *env
	tty   bool
	last  time.Time
	every time.Duration
	drawn bool
}

func newBar(e *env) *bar {
	b := &bar{e: e, every: 10 * time.Second, last: time.Now()}
	if f, ok := e.stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		b.tty, b.every = true, 100*time.Millisecond
	}
	return b
}

func (b *bar) show(p intake.Progress) {
	if time.Since(b.last) < b.every {
		return
	}
	b.last = time.Now()
	share := 0.0
	if p.Total > 0 {
		share = float64(p.Done) / float64(p.Total)
	}
	line := fmt.Sprintf("%s %3.0f%%  %d/%d 份  %.0f 份/秒  剩余 %s", strings.Repeat("█", int(share*24))+strings.Repeat("░", 24-int(share*24)),
		share*100, p.Done, p.Total, p.Rate, p.Left.Round(time.Second))
	if b.tty {
		fmt.Fprintf(b.e.stderr, "\r%s\x1b[K", line)
		b.drawn = true
		return
	}
	fmt.Fprintln(b.e.stderr, line)
}

func (b *bar) end() {
	if b.drawn {
		fmt.Fprintln(b.e.stderr)
	}
}
