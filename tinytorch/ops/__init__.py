"""Operations by kind, from the companions of lessons 01 and 02; `tinytorch.NAME` and the methods of Tensor find them."""
