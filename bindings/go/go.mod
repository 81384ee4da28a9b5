module libmigrate

go 1.21
