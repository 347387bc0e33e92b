package web

import "net/http"

func (s *Server) gallery(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }
