package segment

import (
	"strings"
	"sync"
)

// offices calls emit for each office name, in its full form whatever the text
// called it: 人社局 and 人力资源和社会保障局 become one term.
func (l *lattice) offices(emit func(span)) {
	names := officeNames()
	for i := 0; i < len(l.runes); i++ {
		if l.kinds[i] != han || names.words.code(l.runes[i]) == 0 {
			continue
		}
		end, full := names.at(l.runes, i)
		if end == 0 {
			continue
		}
		if end == len(l.runes) || !strings.ContainsRune("局厅部委", l.runes[end]) {
			continue // only the subject's name, not an office
		}
		emit(span{"机关:" + full, i, end + 1})
		i = end
	}
}

// at finds the longest office name at i, and its full form.
func (n officeIndex) at(text []rune, i int) (end int, full string) {
	node := uint32(root)
	for j := i; j < len(text) && node != 0; j++ {
		cell, ok := n.words.step(node, n.words.code(text[j]))
		if !ok {
			break
		}
		node = uint32(cell >> 32)
		if v := uint16(cell >> 16); v != 0 {
			end, full = j+1, n.full[int(n.words.dist[v])]
		}
	}
	return end, full
}

// officeTable lists the offices of government: the full name, then what else
// they are called, always without the final 局, 厅, 部 or 委, which differ by
// level. 人民政府, 人民法院 and the like are words of the dictionary already.
var officeTable = [][]string{
	{"发展和改革", "发展改革", "发改"},
	{"教育"}, {"科学技术", "科技"},
	{"工业和信息化", "工信", "经济和信息化", "经信"},
	{"公安"}, {"民政"}, {"司法"}, {"财政"},
	{"人力资源和社会保障", "人力资源社会保障", "人社"},
	{"自然资源", "自然资源和规划", "资规", "国土资源"},
	{"生态环境", "环境保护", "环保"},
	{"住房和城乡建设", "住房城乡建设", "住建"},
	{"交通运输", "交通"}, {"水利"}, {"农业农村"}, {"商务"},
	{"文化和旅游", "文旅", "文化广电旅游", "文广旅"},
	{"卫生健康", "卫健"},
	{"退役军人事务", "退役军人"},
	{"应急管理", "应急"}, {"审计"},
	{"市场监督管理", "市场监管", "市监"},
	{"统计"}, {"医疗保障", "医保"}, {"税务"}, {"信访"},
	{"综合行政执法", "综合执法", "城市管理", "城管"},
	{"大数据发展管理", "大数据管理", "大数据", "数据"},
	{"机关事务管理", "机关事务"},
	{"行政审批服务", "行政审批", "政务服务管理", "政务服务"},
	{"国有资产监督管理", "国资"}, {"林业", "林业和草原", "林草"},
	{"药品监督管理", "药监"}, {"知识产权"}, {"粮食和物资储备", "粮食"},
}

// officeIndex is the table made findable; a word's distance is its place among
// the full names.
type officeIndex struct {
	words *lexicon
	full  []string
}

var officeNames = sync.OnceValue(func() officeIndex {
	full := []string{""}
	var words []entry
	for _, row := range officeTable {
		full = append(full, row[0])
		for _, name := range row {
			words = append(words, entry{[]rune(name), float32(len(full) - 1)})
		}
	}
	return officeIndex{compile(words), full}
})
