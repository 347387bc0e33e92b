package main

import (
	"context"

	"advisor/internal/problem"
)

// commands is the whole command table, longer names before their prefixes.
func commands() []command {
	return []command{
		{"demo", "[--check]", "在示例城市上走完全程：提问、送审、表决、采纳、核验", demoCommand},
		{"init", "--office 名称 --login 登录名 --name 姓名", "新单位第一天：单位、首位管理员、专家顾问委员会、知悉范围", initCommand},
		{"serve", "", "启动网页、接口和后台任务", serveCommand},
		{"import", "路径… [--scope 范围] [--manifest 清单] [--preview]", "导入文件、文件夹", importCommand},
		{"documents list", "", "列出文件库", documentsList},
		{"documents show", "编号", "显示一份文件及其条款", documentsShow},
		{"documents history", "编号", "一份文件的各版本", documentsHistory},
		{"documents repeal", "编号 --on 日期 --ground 依据", "登记废止", documentsRepeal},
		{"documents hash", "", "文件库的内容指纹", documentsHash},
		{"search", "检索词 [--k N] [--mode hybrid|lexical|vector] [--on 日期]", "检索条款", searchCommand},
		{"ask", "问题 [--on 日期] [--submit] [--conversation 编号]", "提问，得到有据可查的建议稿或不予作答", askCommand},
		{"review submit", "建议稿编号", "提交审议", reviewSubmit},
		{"review list", "[--mine] [--state 状态]", "审议列表", reviewList},
		{"review show", "审议编号", "显示一件审议", reviewShow},
		{"review route", "审议编号 [--expert 账号]…", "组成专家组", reviewRoute},
		{"review declare", "审议编号 --conflict none|说明", "申报利益冲突", reviewDeclare},
		{"review vote", "审议编号 --hash 指纹 --score -2..2 [--reason 代码] [--text 理由] [--claim N]", "表决", reviewVote},
		{"review edit", "审议编号 --hash 指纹 --file 文件", "修改，形成新的修订稿", reviewEdit},
		{"review return", "审议编号 --to machine|author --reason 代码 --text 说明", "退回", reviewReturn},
		{"review reject", "审议编号 --reason 代码 --text 说明", "否决", reviewReject},
		{"review withdraw", "审议编号", "撤回", reviewWithdraw},
		{"review opinion", "审议编号 --text 意见", "提出书面意见", reviewOpinion},
		{"review dispose", "审议编号 --opinion N --as-adopted yes|partly|no --reason 理由", "答复意见", reviewDispose},
		{"review again", "审议编号", "意见分歧时，对同一稿再次表决", reviewAgain},
		{"review delegate", "审议编号 --to 账号", "把席位委托给同领域的专家（只能一步）", reviewDelegate},
		{"review recuse", "审议编号 --expert 账号 --text 说明", "秘书处查明利益冲突，责令回避", reviewRecuse},
		{"review attach", "审议编号 --file 文件", "附签名的原件", reviewAttach},
		{"review enter", "审议编号 --expert 账号 --hash 指纹 --score -2..2 --paper 文件", "代录线下表决，须另一人确认", reviewEnter},
		{"review confirm", "审议编号 --entry 编号", "核对原件后确认代录的表决", reviewConfirm},
		{"review label", "审议编号 --kind public|hearing|risk|fair|evidence --result 结果 --text 说明", "登记重大决策的法定程序", reviewLabel},
		{"review comment", "审议编号 --from 来源 --text 意见 | --answer N --as-adopted yes|partly|no --reason 理由", "登记、答复公众意见", reviewComment},
		{"review refer", "审议编号 --hash 指纹 [--workdays 7] [--short 理由]", "送合法性审查", reviewRefer},
		{"review legality", "审议编号 --hash 指纹 --result cleared|cleared-with-risk|sent-back --text 意见 --power … --process … --content …", "合法性审查意见", reviewLegality},
		{"review deliberate", "审议编号 --hash 指纹 --file 记录 [--paper 扫描件]", "登记集体讨论", reviewDeliberate},
		{"review decide", "审议编号 --hash 指纹 --as adopt|refuse|revise|postpone [--reason 理由]", "行政首长作出决定", reviewDecide},
		{"review close", "审议编号", "结束本轮；符合规则的通过", reviewClose},
		{"apply", "审议编号 --hash 指纹 [--receipt 文件]", "采纳落实", applyCommand},
		{"applications list", "", "台账", applicationsList},
		{"applications show", "编号", "一件采纳落实", applicationsShow},
		{"applications suspend", "编号 --reason 理由", "暂停执行", applicationsSuspend},
		{"audit key", "", "审计公钥", auditKey},
		{"audit checkpoint", "[文件]", "签发检查点", auditCheckpoint},
		{"audit verify", "[--checkpoint 文件] [--log 文件 --key 公钥]", "重新计算全部审计记录；给出 --log 时不用数据库", auditVerify},
		{"audit receipt", "编号 文件", "导出一件采纳落实的回执", auditReceipt},
		{"audit verify-receipt", "文件 [--key 公钥]", "离线核验回执", auditVerifyReceipt},
		{"audit log", "[--from N] [--limit N]", "审计记录", auditLog},
		{"eval retrieval", "目录 [--split dev] [--mode 方式]", "检索评测（BEIR 目录）", evalRetrieval},
		{"learn list", "", "历次学习的结果", learnList},
		{"learn", "[--dry-run] [--back]", "从专家审定结果中学习，只采用测得更好的", learnCommand},
		{"user add", "登录名 --name 姓名 [--role 角色]… [--scope 范围]…", "新增账号", userAdd},
		{"user list", "", "账号列表", userList},
		{"user passwd", "登录名", "重置密码，打印新密码一次", userPasswd},
		{"user role", "登录名 [--set 角色]…", "设定角色", userRole},
		{"user scope", "登录名 [--set 范围]…", "设定知悉范围", userScope},
		{"user key", "登录名 --name 用途", "发放接口密钥，打印一次", userKey},
		{"scope add", "代码=名称", "新增知悉范围", scopeAdd},
		{"scope list", "", "知悉范围", scopeList},
		{"committee list", "", "专家顾问委员会名册", committeeList},
		{"committee add", "账号 --kind vertical|horizontal|… --domain 领域…", "登记专家", committeeAdd},
		{"committee set", "名称 [--tier 0|1]", "委员会名称和默认级别", committeeSet},
		{"policy show", "[--tier N]", "审议规则", policyShow},
		{"policy set", "--tier N --file 文件", "设定审议规则", policySet},
		{"dictionary list", "[--kind 类别]", "本单位词典：词、部门名称、同义说法", dictionaryList},
		{"dictionary add", "word|department|synonym 词 [其他说法…] [--note 备注]", "写入一条；各进程一秒内生效", dictionaryAdd},
		{"dictionary remove", "类别 词", "删除一条", dictionaryRemove},
		{"dictionary import", "文件", "按 dictionary list 的格式逐行写入", dictionaryImport},
		{"doctor", "", "检查运行环境", doctorCommand},
		{"migrate", "up|down|status", "数据库结构升级", migrateCommand},
		{"psql", "[--role app|owner|worker|auditor] [-- 参数]", "打开自带数据库的客户端", psqlCommand},
		{"version", "", "版本", versionCommand},
		{"help", "[config]", "帮助", helpCommand},
		{"stale list", "", "依据已失效的采纳落实", later},
		{"audit witness", "--url 地址 --dir 文件夹 --key 公钥 [--every 1h]", "在另一台机器上见证：保存检查点，拒绝被截短或改写的日志", auditWitness},
		{"audit rotate", "", "更换签名密钥；已出具的回执继续有效", auditRotate},
		{"audit export", "文件", "逐行写出日志，供脱机核验", auditExport},
		{"eval drafts", "文件", "建议稿评测", later},
		{"eval report", "", "评测报告", later},
		{"bench cut", "文件…", "分词速度：逐个文件分词，一份 JSON", benchCut},
		{"bench export", "文件夹 --passages N", "把生成的文本和问题写成 BEIR 目录", benchExport},
		{"bench", "[--passages N] [--from 文件夹] [--questions 文件] [--csv 文件]", "速度、召回率和内存测量", benchCommand},
		{"calendar", "", "工作日历", later},
		{"backup", "文件", "备份", later},
		{"restore", "文件", "恢复", later},
	}
}

// later is the answer of a command that a coming version brings.
func later(*flags) action {
	return func(context.Context, *env, []string) error {
		return problem.New(problem.NotAvailable, "not-available", "这项功能尚未提供", "本版本还没有这条命令的实现（not available yet）", "请关注 CHANGELOG.md")
	}
}
