package distill

import (
	"math/rand/v2"
	"strings"
)

// Own makes pairs of what the texts themselves offer: a sentence and the
// passage that it was taken from, or a passage's title and its text. It takes
// at most n, and gives the passages with what was taken out of them.
func Own(texts []string, n int, seed uint64) (questions, passages []string) {
	random := rand.New(rand.NewPCG(seed, 3))
	for _, i := range random.Perm(len(texts)) {
		if len(questions) == n {
			break
		}
		all := Sentences(texts[i])
		title, body, titled := strings.Cut(texts[i], " ")
		switch k := random.IntN(4); {
		case k == 0 && titled && len([]rune(title)) >= 6 && len([]rune(body)) >= 30:
			questions, passages = append(questions, title), append(passages, body)
		case len(all) >= 2:
			s := all[random.IntN(len(all))]
			questions, passages = append(questions, s), append(passages, strings.Replace(texts[i], s, "", 1))
		}
	}
	return questions, passages
}
