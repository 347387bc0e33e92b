package format

import "strings"

// tableAt gives how many bands from the first on are a table: bands of several
// stretches, whose places agree; lines of one stretch between them are what is
// left of a cell that takes several lines.
func tableAt(bands [][]run) int {
	if len(bands[0]) < 2 {
		return 0
	}
	columns := startsOf(bands[0])
	end, full := 1, 1
	for n := 1; n < len(bands); n++ {
		if !aligned(bands[n], columns) || bands[n][0].box.Y0-bands[n-1][0].box.Y1 > 3*bands[n][0].em {
			break
		}
		if len(bands[n]) >= 2 {
			full++
			end = n + 1
			columns = merge(columns, startsOf(bands[n]))
		} else if n-end >= 6 {
			break
		}
	}
	if full < 2 {
		return 0
	}
	return end
}

func startsOf(band []run) []Box {
	boxes := make([]Box, len(band))
	for i, r := range band {
		boxes[i] = r.box
	}
	return boxes
}

// aligned says whether every stretch of a band stands in one of the columns,
// and in no two.
func aligned(band []run, columns []Box) bool {
	if len(band) > len(columns)+1 {
		return false
	}
	for _, r := range band {
		in := 0
		for _, c := range columns {
			if r.box.X0 < c.X1 && c.X0 < r.box.X1 {
				in++
			}
		}
		if in > 1 || in == 0 && len(band) == 1 {
			return false
		}
	}
	return true
}

// merge widens the columns by what stands in them and adds new ones.
func merge(columns, band []Box) []Box {
	for _, b := range band {
		at := -1
		for i, c := range columns {
			if b.X0 < c.X1 && c.X0 < b.X1 {
				at = i
			}
		}
		if at >= 0 {
			columns[at] = columns[at].union(b)
			continue
		}
		to := len(columns)
		for i, c := range columns {
			if b.X0 < c.X0 {
				to = i
				break
			}
		}
		columns = append(columns[:to], append([]Box{b}, columns[to:]...)...)
	}
	return columns
}

// table gives bands out as rows. A band without a first cell goes on with the
// cells above it, and so does one line that stands alone in a column.
func (l *layout) table(bands [][]run) error {
	if err := l.flush(); err != nil {
		return err
	}
	var columns []Box
	for _, band := range bands {
		columns = merge(columns, startsOf(band))
	}
	var tab table
	var cells []string
	var spots []Spot
	give := func() error {
		if cells == nil {
			return nil
		}
		err := l.out.addAt(Row, 0, tab.row(cells), spots)
		cells, spots = nil, nil
		return err
	}
	for _, band := range bands {
		filled := make([]string, len(columns))
		for _, r := range band {
			filled[columnOf(r.box, columns)] += r.text
		}
		if cells == nil || !continues(filled, cells, band[0], spots) {
			if err := give(); err != nil {
				return err
			}
			cells = make([]string, len(columns))
		}
		for i, text := range filled {
			cells[i] += text
		}
		for _, r := range band {
			spots = append(spots, Spot{Page: r.page, Box: r.box})
		}
	}
	return give()
}

func columnOf(b Box, columns []Box) int {
	for i, c := range columns {
		if b.X0 < c.X1 && c.X0 < b.X1 {
			return i
		}
	}
	return len(columns) - 1
}

// continues says whether a band goes on with the row above: it has no first
// cell, fills only cells that the row has, and follows closely.
func continues(filled, cells []string, first run, spots []Spot) bool {
	if strings.TrimSpace(filled[0]) != "" && cells[0] != "" {
		return false
	}
	for i, text := range filled {
		if text != "" && cells[i] == "" {
			return false
		}
	}
	last := spots[len(spots)-1].Box
	return first.box.Y0-last.Y1 < 0.9*first.em
}
