package rest

// Patterns are the methods and paths of the table of routes.
func Patterns() (all []string) {
	for _, r := range new(Server).routes() {
		all = append(all, r.method+" "+r.path)
	}
	return all
}
