module advisor

go 1.26
