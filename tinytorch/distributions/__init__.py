"""`torch.distributions`, handed on from the companions that build it."""

from .._namespace import namespace

MODULES = tuple(f"distributions.{name}" for name in """
    bernoulli beta binomial categorical cauchy chi2 constraint_registry continuous_bernoulli dirichlet distribution
    exp_family exponential fishersnedecor gamma generalized_pareto geometric gumbel half_cauchy half_normal independent
    inverse_gamma kl kumaraswamy laplace lkj_cholesky log_normal logistic_normal lowrank_multivariate_normal
    mixture_same_family multinomial multivariate_normal negative_binomial normal one_hot_categorical pareto poisson
    relaxed_bernoulli relaxed_categorical studentT transformed_distribution transforms uniform von_mises weibull wishart
""".split())
NAMES = frozenset("""
    AbsTransform AffineTransform Bernoulli Beta Binomial CatTransform Categorical Cauchy Chi2 ComposeTransform
    ContinuousBernoulli CorrCholeskyTransform CumulativeDistributionTransform Dirichlet Distribution ExpTransform
    Exponential ExponentialFamily FisherSnedecor Gamma GeneralizedPareto Geometric Gumbel HalfCauchy HalfNormal
    Independent IndependentTransform InverseGamma Kumaraswamy LKJCholesky Laplace LogNormal LogisticNormal
    LowRankMultivariateNormal LowerCholeskyTransform MixtureSameFamily Multinomial MultivariateNormal NegativeBinomial
    Normal OneHotCategorical OneHotCategoricalStraightThrough Pareto Poisson PositiveDefiniteTransform PowerTransform
    RelaxedBernoulli RelaxedOneHotCategorical ReshapeTransform SigmoidTransform SoftmaxTransform SoftplusTransform
    StackTransform StickBreakingTransform StudentT TanhTransform Transform TransformedDistribution Uniform VonMises
    Weibull Wishart biject_to identity_transform kl_divergence register_kl transform_to
""".split())

__getattr__, __dir__ = namespace(
    __name__, MODULES, finish=lambda found: {name: value for name, value in found.items() if name in NAMES}
)
