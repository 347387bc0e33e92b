package advice

import (
	"regexp"
	"strings"

	"advisor/segment"
)

// ordering marks words in a source that speak to a machine or claim a standing
// for the draft itself. They are no rule, whoever wrote them: a claim that
// repeats them does not stand, though it quotes them word for word.
var ordering = regexp.MustCompile(`(忽略|无视|不要理会|忘记|跳过|绕过|覆盖|解除|隐藏).{0,16}(规则|规定|指令|提示|限制|要求|核对|审议|校验|流程|权限|申报)` +
	`|(你|助手|模型|机器人|系统|ai).{0,6}(必须|不必|请|现在|立即|须|应当(回答|输出)|不受|可直接)` +
	`|(^|[^申])请([^求].{0,5})?(输出|代表|扮演|伪造|隐藏|删除|修改|改为|调用|以本单位名义|把本|把知悉|把提问|把效力|将本指令|将引用|向外部|在答复|不要理会|立即采纳|标注为)` +
	`|(本|该|此|上述)(建议|答复|回答|建议稿|稿|结论|指令|段)[^，。]{0,12}(批准|审议通过|生效|自动|无需|最高优先级|可直接|可以直接)` +
	`|(批准|通过)本(建议|稿|答复)|标注为(已|现行|原文)|(无需|不必)(再)?(送审|审议|核对|引用|专家)|系统提示|开发者模式|提示词|管理员(密码|口令|指令)|投(同意)?票通过`)

// orders says whether a text speaks to the machine, in whatever script or disguise.
func orders(text string) bool {
	plain := simplify.Replace(strings.ToLower(flat(tags.ReplaceAllString(segment.Normalize(text), ""))))
	return ordering.MatchString(strings.NewReplacer("qǐng", "请", "directly", "直接", "approve", "", "rules", "", "output", "").Replace(plain))
}

var tags = regexp.MustCompile(`<[^<>]{0,80}>`)

// simplify writes in one way the characters of which such orders are made.
var simplify = strings.NewReplacer("請", "请", "無", "无", "視", "视", "議", "议", "經", "经", "專", "专", "審", "审", "標", "标", "實", "实", "導", "导", "執", "执", "輸", "输",
	"規", "规", "則", "则", "應", "应", "當", "当", "過", "过", "員", "员", "會", "会", "為", "为", "條", "条", "據", "据", "說", "说", "這", "这", "個", "个", "發", "发", "對", "对",
	"開", "开", "類", "类", "證", "证", "統", "统", "現", "现", "從", "从", "將", "将", "動", "动", "級", "级", "刪", "删", "記", "记", "錄", "录", "寫", "写", "讀", "读", "權", "权",
	"終", "终", "處", "处", "單", "单", "關", "关", "門", "门", "問", "问", "題", "题", "結", "结", "論", "论", "離", "离", "與", "与", "來", "来", "讓", "让", "負", "负", "責", "责",
	"稱", "称", "認", "认", "註", "注", "蓋", "盖", "準", "准")
