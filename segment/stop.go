package segment

// stops are courtesy: they make a text polite and say nothing about what is
// asked. Question words stay, since leaving them out measured worse.
var stops = map[string]bool{
	"请问": true, "您好": true, "你好": true, "谢谢": true, "感谢": true, "麻烦": true, "请教": true,
	"想问": true, "咨询": true, "一下": true, "吗": true, "呢": true, "吧": true, "啊": true, "呀": true,
}
