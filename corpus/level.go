package corpus

import "strings"

// Ranks of what a text is, from high to low: of two provisions in conflict the
// one of higher rank prevails, and of equals the later (《立法法》第九十八条以下).
// Judicial interpretations stand beside the regulations: they bind the courts
// and explain statutes.
const (
	rankConstitution = 90
	rankLaw          = 80
	rankRegulation   = 70 // 行政法规, 司法解释
	rankLocal        = 60 // 地方性法规 of a province
	rankRule         = 50 // 部门规章, 省级政府规章
	rankDocument     = 30 // 规范性文件 of the nation
	rankNone         = 0  // cases, minutes, lists: no basis by themselves
)

// Rank gives a text's place in the order of law. Within a level the nation
// stands over a province, a province over a city, a city over a county.
func Rank(level, issuer, region, title string) int {
	switch {
	case level == "宪法" || strings.HasSuffix(title, "宪法"):
		return rankConstitution
	case normative[level] == "法律", level == "全国人大决议":
		return rankLaw
	case level == "行政法规", level == "司法解释":
		return rankRegulation
	case normative[level] == "地方性法规":
		return rankLocal - step(issuer, region, title)
	case level == "部门规章":
		return rankRule
	case level == "地方政府规章":
		return rankRule - step(issuer, region, title)
	case strings.Contains(level, "案例"), strings.Contains(level, "报告"):
		return rankNone
	case level != "":
		return rankDocument - step(issuer, region, title)
	}
	return rankNone
}

// step counts how far below the nation an issuer stands: 0 the nation, 1 a
// province, 2 a city, 3 a county, 4 a town.
func step(issuer, region, title string) int {
	who := issuer + " " + region
	switch {
	case strings.HasPrefix(issuer, "国务院"), strings.HasPrefix(issuer, "全国"), strings.HasPrefix(issuer, "最高"):
		return 0
	case hasAny(issuer, "街道", "镇人民", "乡人民"):
		return 4
	case hasAny(issuer, "县", "区人民", "旗人民"), strings.HasSuffix(region, "县"), strings.HasSuffix(region, "区") && !strings.HasSuffix(region, "自治区"):
		return 3
	case hasAny(who, "省", "自治区"), isMunicipality(issuer), isMunicipality(region):
		if hasAny(strings.TrimPrefix(issuer, region), "市") && !isMunicipality(issuer) {
			return 2
		}
		return 1
	case hasAny(who, "市", "州", "盟"):
		return 2
	}
	return 0
}

func isMunicipality(s string) bool {
	return hasAnyPrefix(s, []string{"北京市", "上海市", "天津市", "重庆市"})
}
