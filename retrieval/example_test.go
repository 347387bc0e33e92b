package retrieval_test

import (
	"context"
	"fmt"

	"advisor/accounts"
	"advisor/retrieval"
)

// A question becomes passages with reasons, those in force on the day first.
func ExampleIndex_Search() {
	var index *retrieval.Index // from retrieval.Open
	var asker accounts.Account // from accounts.Store
	result, err := index.Search(context.TODO(), asker, retrieval.Query{Text: "临时停车场最长可以设多久？", K: 5, On: "2024-06-01"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, h := range result.Hits {
		fmt.Println(h.Rank, h.Title, h.Provision, h.Status, h.Why.Terms)
	}
}
