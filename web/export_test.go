package web

// Route is a route as tests see it.
type Route struct {
	Pattern string
	Open    bool
	Roles   []string
}

// Routes lists every page and form.
func Routes() (list []Route) {
	for _, r := range routes {
		list = append(list, Route{r.pattern, r.open, r.roles})
	}
	return list
}
