package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Memory adds up the proportional memory (PSS) of processes and all their
// descendants, in megabytes. Linux only, and only for processes that the
// caller may look at.
func Memory(pids ...int) (float64, error) {
	parents := make(map[int]int)
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, s := range stats {
		b, err := os.ReadFile(s)
		if err != nil {
			continue // gone meanwhile
		}
		if fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:])); len(fields) > 1 {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(s)))
			parents[pid], _ = strconv.Atoi(fields[1])
		}
	}
	wanted := make(map[int]bool)
	for _, p := range pids {
		wanted[p] = true
	}
	sum, read := 0.0, 0
	for pid := range parents {
		if !below(pid, parents, wanted) {
			continue
		}
		kb, err := pss(pid)
		if err != nil {
			continue
		}
		sum, read = sum+kb/1024, read+1
	}
	if read == 0 {
		return 0, fmt.Errorf("memory of processes %v cannot be read", pids)
	}
	return sum, nil
}

func below(pid int, parents map[int]int, wanted map[int]bool) bool {
	for ; pid > 1; pid = parents[pid] {
		if wanted[pid] {
			return true
		}
	}
	return false
}

func pss(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
			return strconv.ParseFloat(strings.Fields(rest)[0], 64)
		}
	}
	return 0, fmt.Errorf("no Pss of process %d", pid)
}
