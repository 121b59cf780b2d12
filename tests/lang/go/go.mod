module penstock.example.org/tensor

go 1.19
