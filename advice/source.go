package advice

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"advisor/corpus"
)

// pinpoint gives each citation of an article the shortest official address of
// where its quote stands. A quote that is not there is left to the check.
func pinpoint(ctx context.Context, tx pgx.Tx, b *Body) error {
	for i := range b.Claims {
		for j := range b.Claims[i].Citations {
			c := &b.Claims[i].Citations[j]
			p, isArticle := parsePlace(c.Provision)
			if !isArticle {
				continue
			}
			at, err := corpus.PlaceAt(ctx, tx, c.VersionID, p.article)
			if errors.Is(err, corpus.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			for _, text := range at.Texts {
				if holds([]string{text}, place{article: p.article}, c.Quote) {
					c.Provision = address(p.article, text, c.Quote)
					break
				}
			}
		}
	}
	return nil
}
