package corpus_test

import (
	"context"
	"fmt"
	"strings"

	"advisor/corpus"
	"advisor/corpus/format"
)

func Example() {
	text := `# 云川市公共数据管理办法

## 第二章 数据共享

第十条 各部门应当按照目录共享数据。

共享申请应当说明用途。

第十条规定的情形除外。

第十一条 本办法自2023年7月1日起施行。
`
	f, err := format.Read(context.Background(), "办法.md", strings.NewReader(text), int64(len(text)))
	if err != nil {
		fmt.Println(err)
		return
	}
	c := corpus.CutFile(f, corpus.Header{})
	fmt.Println(c.Header.Title, c.Header.Effective)
	for _, p := range c.Provisions {
		fmt.Println(p.Path, p.Label, strings.ReplaceAll(c.Text[p.Start:p.End], "\n", "⏎"))
	}
	// Output:
	// 云川市公共数据管理办法 2023-07-01
	// [第二章 数据共享] 第十条 第十条 各部门应当按照目录共享数据。⏎共享申请应当说明用途。⏎第十条规定的情形除外。
	// [第二章 数据共享] 第十一条 第十一条 本办法自2023年7月1日起施行。
}
